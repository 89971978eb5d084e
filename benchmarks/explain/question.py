"""What is explained: one user's candidates in a task, found by original ids, without the truth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ...datasets.arrays import IntArray, LongArray, TextArray
from ...datasets.dataset import Dataset
from ...datasets.errors import ColdbenchError
from ...datasets.world import Entities, Holdout, Query, Split
from ..evaluation.tie_break import hash_items, hash_users
from ..plugins.registry import describe_unknown, find_nearest

EXAMPLES = 3
"""Ids that an error names as examples."""


@dataclass(frozen=True)
class Question:
    """One user and the candidates that a task ranks for it; nothing of it is truth.

    Attributes
    ----------
    task, user
        The task's name, the user's original id.
    group
        Who is cold in the task: whose weights answer.
    query
        The user, and the candidates that are not masked.
    ids
        Original ids of the candidates.
    ties
        uint32, (candidates,): of equal scores the smaller comes first.
    seen
        The training items, over which the history goes.
    seen_ids
        Their original ids.
    """

    task: str
    user: str
    group: str
    query: Query
    ids: TextArray
    ties: np.ndarray
    seen: Entities
    seen_ids: TextArray

    @property
    def history(self) -> IntArray:
        """int32: index of each history entry among the training items."""
        entries: IntArray = self.query.users.history.indices
        return entries

    def place(self, item: str) -> int:
        """Return a candidate's place among the candidates."""
        return int(np.flatnonzero(self.ids == item)[0])


def find_question(data: Dataset, split: Split, user: str, task: str | None) -> Question:
    """Return what a user is asked in a task.

    Parameters
    ----------
    data, split
        A dataset and its split.
    user
        Original id.
    task
        Name of a test task; None is one that asks the user, by preference one about cold entities
        in which the user has a history.

    Raises
    ------
    ColdbenchError
        For a user or a task that is not there, and for a user whom the task does not ask.
    """
    at = find_index(data.user_ids, user, "user", data.name)
    asking = [name for name, one in split.test.items() if at in one.users]
    if task is not None and task not in split.test:
        raise ColdbenchError(describe_unknown("task", task, split.test))
    if not asking:
        raise ColdbenchError(
            f"user {user!r} is asked in no test task of this split (seed={split.train.seed}), "
            f"which asks for example {_name_some(data.user_ids, split.test.values())}"
        )
    if task is not None and task not in asking:
        raise ColdbenchError(
            f"user {user!r} is not asked in {task}, which asks for example "
            f"{_name_some(data.user_ids, [split.test[task]])}; this user is asked in "
            f"{', '.join(asking)}"
        )
    name = task or min(asking, key=lambda one: _rate(one, split.test[one], at))
    return _ask(data, split, name, user, at)


def check_item(data: Dataset, split: Split, question: Question, item: str) -> None:
    """Refuse an item that the task does not rank for the user.

    Raises
    ------
    ColdbenchError
        With the tasks that rank it.
    """
    at = find_index(data.item_ids, item, "item", data.name)
    if item in question.ids:
        return
    if at in split.test[question.task].items:
        raise ColdbenchError(
            f"item {item!r} is never ranked for user {question.user!r} in {question.task}: the "
            f"user is known to have it; {_NO_ITEM}"
        )
    user = find_index(data.user_ids, question.user, "user", data.name)
    ranking = [name for name, one in split.test.items() if _ranks(one, user, at)]
    where = f"task={ranking[0]} ranks it" if ranking else "no task ranks it for this user"
    raise ColdbenchError(
        f"item {item!r} is no candidate of {question.task}, which ranks {len(question.ids)} items "
        f"for this user ({_examples(question.ids)}); {where}; {_NO_ITEM}"
    )


_NO_ITEM = "without item= the best candidates are explained"


def find_index(ids: TextArray, wanted: str, what: str, dataset: str) -> int:
    """Return the index of an original id.

    Raises
    ------
    ColdbenchError
        When there is none, with ids that resemble it.
    """
    found = np.flatnonzero(ids == wanted)
    if len(found):
        return int(found[0])
    close = find_nearest(wanted, ids.tolist())
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    raise ColdbenchError(
        f"no {what} {wanted!r} in {dataset}; {hint}its {len(ids)} {what}s have ids such as "
        f"{_examples(ids)}"
    )


def _ranks(task: Holdout, user: int, item: int) -> bool:
    """Say whether a task ranks an item for a user, both by their index in the dataset."""
    row, place = np.flatnonzero(task.users == user), np.flatnonzero(task.items == item)
    if not len(row) or not len(place):
        return False
    return int(place[0]) not in task.masked[int(row[0])].indices


def _ask(data: Dataset, split: Split, name: str, user: str, at: int) -> Question:
    task: Holdout = split.test[name]
    row = int(np.flatnonzero(task.users == at)[0])
    ranked: LongArray = np.setdiff1d(np.arange(len(task.items)), task.masked[row].indices)
    if not len(ranked):
        raise ColdbenchError(f"{name} ranks no candidate for user {user!r}; choose another task=")
    items = task.items[ranked]
    return Question(
        task=name,
        user=user,
        group=task.query.group,
        query=Query(task.query.users.take(np.array([row])), task.query.items.take(ranked)),
        ids=data.item_ids[items],
        ties=hash_items(hash_users(split.train.seed, np.array([at], dtype=np.int32))[0], items),
        seen=split.train.items,
        seen_ids=data.item_ids[split.items],
    )


def _rate(name: str, task: Holdout, at: int) -> tuple[bool, bool]:
    """Return what puts a task behind others: no history, nobody cold."""
    row = int(np.flatnonzero(task.users == at)[0])
    history = task.query.users.history
    return bool(history.indptr[row] == history.indptr[row + 1]), name.startswith("warm/")


def _name_some(ids: TextArray, tasks: Iterable[Holdout]) -> str:
    return _examples(ids[np.unique(np.concatenate([one.users for one in tasks]))])


def _examples(ids: Sequence[str] | TextArray) -> str:
    return ", ".join(str(one) for one in ids[:EXAMPLES])
