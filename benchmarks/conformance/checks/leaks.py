"""The leak suite for methods: nothing hidden may show in a score."""

import numpy as np

from ....datasets.world import Query, SideMode, Split
from ..test_splits import ITEM_TASK, USER_TASK
from .changed_splits import change_side_information, change_support, change_truth
from .definition import Applies, check
from .score_distance import require_same
from .subject import Subject

SEED_REMEDY = "draw every random number from train.seed, not from a global generator"
TWIN_REMEDY = "give a cold entity no embedding, bias or hash of its own: score its content"
HIDDEN_REMEDY = "let fit read nothing but its TrainView, and score nothing but its Query"


@check(leak=True)
def same_seed_same_scores(subject: Subject) -> str:
    """Require that fitted again with the same seed, it gives the same scores to the last bit."""
    if _unmoved_by_everything(subject):
        return "same bits"
    return _require_unchanged(subject, subject.split, "fitted again", SEED_REMEDY)


@check(leak=True)
def hidden_truth(subject: Subject) -> str:
    """Require that another hidden truth changes no score."""
    return _when_hidden_moves(subject, change_truth(subject.split), "with another truth")


def _inductive(subject: Subject) -> str | None:
    if subject.mode is SideMode.TRANSDUCTIVE:
        return "it is transductive: it may see the side information of cold entities"
    return None


@check(
    applies=_inductive,
    leak=True,
)
def cold_side_information(subject: Subject) -> str:
    """Require that other side information on cold entities changes nothing that was learned."""
    changed = change_side_information(subject.split)
    return _when_hidden_moves(subject, changed, "with other content on cold entities")


@check(leak=True)
def cold_support(subject: Subject) -> str:
    """Require that other support of cold entities changes nothing that was learned."""
    return _when_hidden_moves(subject, change_support(subject.split), "with other support")


def change_everything_hidden(subject: Subject) -> Split:
    """Return the subject's split after every change that no method may notice."""
    split = change_support(change_truth(subject.split))
    return split if subject.mode is SideMode.TRANSDUCTIVE else change_side_information(split)


def _when_hidden_moves(subject: Subject, changed: Split, what: str) -> str:
    """Refit with all changes at once; only if that shows, with this one alone."""
    if _unmoved_by_everything(subject):
        return "same bits"
    return _require_unchanged(subject, changed, what, HIDDEN_REMEDY)


def _unmoved_by_everything(subject: Subject) -> bool:
    """Say whether a fit with every change at once gives the same bits; fitted only once."""
    answers = {task: subject.answer(task) for task in subject.probes}
    if subject.unmoved is None:
        fitted = subject.refit(change_everything_hidden(subject))
        subject.unmoved = all(
            np.array_equal(scores, fitted.score(subject.probe(task)))
            for task, scores in answers.items()
        )
    return subject.unmoved


def _require_unchanged(subject: Subject, changed: Split, what: str, remedy: str) -> str:
    """Fit on the changed split and score the unchanged queries.

    Raises
    ------
    Violation
        When a score moves.
    """
    fitted = subject.refit(changed)
    for task in subject.probes:
        again = fitted.score(subject.probe(task))
        require_same(subject.answer(task), again, f"{what}, {task}", remedy, rounding=0)
    return "same bits"


def _asks(task: str) -> Applies:
    def applies(subject: Subject) -> str | None:
        return None if task in subject.split.test else f"the split has no task {task}"

    return applies


@check(applies=_asks(ITEM_TASK), leak=True)
def new_item_without_identity(subject: Subject) -> str:
    """Require that two new items with the same content get the same score from everybody."""
    query = subject.probe(ITEM_TASK)
    twins = np.repeat(np.arange(len(query.items) // 2), 2)
    scores = subject.fitted.score(Query(query.users, query.items.take(twins)))
    apart = require_same(scores[:, ::2], scores[:, 1::2], "twins among new items", TWIN_REMEDY)
    return f"{len(twins) // 2} pairs of twins, largest difference {apart:.1g}"


@check(applies=_asks(USER_TASK), leak=True)
def new_user_without_identity(subject: Subject) -> str:
    """Require that two new users with the same content get the same scores."""
    query = subject.probe(USER_TASK)
    twins = np.repeat(np.arange(len(query.users) // 2), 2)
    scores = subject.fitted.score(Query(query.users.take(twins), query.items))
    apart = require_same(scores[::2], scores[1::2], "twins among new users", TWIN_REMEDY)
    return f"{len(twins) // 2} pairs of twins, largest difference {apart:.1g}"


CHECKS = (
    same_seed_same_scores,
    hidden_truth,
    cold_side_information,
    cold_support,
    new_item_without_identity,
    new_user_without_identity,
)
