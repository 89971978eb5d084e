"""The rows of an exported split, in blocks, with original ids."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...dataset import Dataset
from ...interactions import NO_TIME
from ...world import Holdout, Split
from ..split_pairs import Pairs, list_train_pairs

BLOCK_ROWS = 1 << 17
Rows = Iterator[tuple[Any, ...]]


def list_train_rows(split: Split, data: Dataset) -> Rows:
    """Yield (user, item, value, timestamp) of each training pair; an unknown time is empty."""
    pairs = split.train.interactions
    users, items = list_train_pairs(split.train, split.users, split.items)
    for at in _blocks(len(pairs)):
        times = [""] * (at.stop - at.start)
        if pairs.timestamps is not None:
            times = _texts(pairs.timestamps[at])
        values = _texts(pairs.values[at])
        yield from zip(
            data.user_ids[users[at]], data.item_ids[items[at]], values, times, strict=True
        )


def list_pair_rows(split: Split, data: Dataset, pairs_of: Callable[[Holdout], Pairs]) -> Rows:
    """Yield (part, task, user, item) of the pairs of every task."""
    for part, name, task in list_tasks(split):
        users, items = pairs_of(task)
        for at in _blocks(len(users)):
            for user, item in zip(data.user_ids[users[at]], data.item_ids[items[at]], strict=True):
                yield part, name, user, item


def list_candidate_rows(split: Split, data: Dataset) -> Rows:
    """Yield (part, task, item) of the candidates of every task."""
    for part, name, task in list_tasks(split):
        for item in data.item_ids[task.items]:
            yield part, name, item


def list_tasks(split: Split) -> Iterator[tuple[str, str, Holdout]]:
    """Yield (part, name, task) of the validation and the test."""
    for part, tasks in (("validation", split.validation), ("test", split.test)):
        for name, task in tasks.items():
            yield part, name, task


def _blocks(rows: int) -> Iterator[slice]:
    for start in range(0, rows, BLOCK_ROWS):
        yield slice(start, min(start + BLOCK_ROWS, rows))


def _texts(numbers: Any) -> list[str]:
    """Return the shortest text of each number; there are few distinct ratings."""
    distinct, index = np.unique(numbers, return_inverse=True)
    texts = ["" if number == NO_TIME else str(number) for number in distinct]
    return [texts[i] for i in index.tolist()]
