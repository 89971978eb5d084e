"""A split under audit: every pair as one integer, and sets of such integers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ....datasets.arrays import CSR, BoolArray, IntArray, LongArray
from ....datasets.dataset import Dataset
from ....datasets.side_information import Side, Track
from ....datasets.world import Entities, Holdout, Split

CELLS_PER_PAIR = 64
"""A set of pairs is kept as marks on the whole matrix while that has at most so many cells each."""


class PairSet:
    """A set of pairs that says quickly which of many others it holds.

    Parameters
    ----------
    keys
        int64: row times the number of columns plus column.
    cells
        Rows times columns.
    """

    def __init__(self, keys: LongArray, cells: int) -> None:
        self._marks: BoolArray | None = None
        if cells <= CELLS_PER_PAIR * len(keys):
            self._marks = np.zeros(cells, dtype=bool)
            self._marks[keys] = True
        else:
            self._ordered = np.sort(keys)

    def holds(self, keys: LongArray) -> BoolArray:
        """Return which of the given pairs are in the set."""
        if self._marks is not None:
            return self._marks[keys]
        if not len(self._ordered):
            return np.zeros(len(keys), dtype=bool)
        at = np.minimum(np.searchsorted(self._ordered, keys), len(self._ordered) - 1)
        found: BoolArray = self._ordered[at] == keys
        return found


@dataclass(frozen=True)
class AuditedSplit:
    """A split, its dataset and its track, with what several rules need of them.

    Attributes
    ----------
    split, data
        The split and the dataset that it was made of.
    track
        Which provenances it admits.
    """

    split: Split
    data: Dataset
    track: Track

    @property
    def stages(self) -> tuple[tuple[str, Mapping[str, Holdout]], ...]:
        """The tasks of validation and of test."""
        return ("validation", self.split.validation), ("test", self.split.test)

    def tasks(self) -> Iterator[tuple[str, Holdout]]:
        """Yield every task with its stage and name."""
        for stage, tasks in self.stages:
            for name, task in tasks.items():
                yield f"{stage} {name}", task

    @cached_property
    def training_keys(self) -> LongArray:
        """The training pairs."""
        pairs = self.split.train.interactions
        return self.pair_keys(self.split.users[pairs.users], self.split.items[pairs.items])

    @cached_property
    def training(self) -> PairSet:
        """The set of the training pairs."""
        return self.pair_set(self.training_keys)

    @cached_property
    def truths(self) -> dict[int, LongArray]:
        """The true pairs of every task, by the identity of the task."""
        return {id(task): self.keys(task.truth, task.users, task.items) for _, task in self.tasks()}

    def truth(self, task: Holdout) -> LongArray:
        """Return the true pairs of a task."""
        return self.truths[id(task)]

    def pair_set(self, keys: LongArray) -> PairSet:
        """Return a set of pairs of the dataset."""
        return PairSet(keys, self.data.interactions.n_users * self.data.interactions.n_items)

    def pair_keys(self, users: IntArray, items: IntArray) -> LongArray:
        """Return users and items of the dataset as pairs."""
        keys: LongArray = users.astype(np.int64) * self.data.interactions.n_items + items
        return keys

    def keys(self, matrix: CSR, users: IntArray, items: IntArray) -> LongArray:
        """Return the stored cells of a matrix whose rows and columns are users and items."""
        starts = users.astype(np.int64) * self.data.interactions.n_items
        keys: LongArray = np.repeat(starts, np.diff(matrix.indptr)) + items[matrix.indices]
        return keys

    def history_keys(
        self, entities: Entities, rows: IntArray, side: Side, wanted: BoolArray
    ) -> LongArray:
        """Return the pairs in the histories of the wanted rows, which are ``rows`` of the data."""
        history, counts = entities.history, np.diff(entities.history.indptr)
        if side is Side.USER:
            keys = self.keys(history, rows, self.split.items)
        else:
            users = self.split.users[history.indices]
            keys = self.pair_keys(users, np.repeat(rows, counts))
        return keys if wanted.all() else keys[np.repeat(wanted, counts)]

    def example(self, keys: LongArray) -> str:
        """Return the first pair with the original ids."""
        user, item = divmod(int(keys[0]), self.data.interactions.n_items)
        return f"for example user {self.data.user_ids[user]} with item {self.data.item_ids[item]}"


def join_pairs(parts: Iterable[LongArray]) -> LongArray:
    """Return all pairs of several hashes; one may occur twice."""
    every = list(parts)
    return np.concatenate(every) if every else np.zeros(0, dtype=np.int64)
