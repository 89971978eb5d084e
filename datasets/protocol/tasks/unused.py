"""The pairs that a split uses nowhere."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ...arrays import CSR, BoolArray, IntArray, LongArray
from ...world import Entities, Holdout
from ..cuts.cut import TRAIN
from ..views.training_world import TrainingWorld, invert_index
from .stage import mark_stored

Placed = tuple[CSR, IntArray, IntArray]
"""A matrix, and the dataset indices of its users and of its items."""


def count_unused_pairs(
    world: TrainingWorld, stages: Mapping[str, Mapping[str, Holdout]]
) -> LongArray:
    """Return the positions of the pairs in no training set, support, truth or mask.

    They are pairs between a cold entity of validation and one of the test, pairs of cold entities
    that are not evaluated or not warm, and what a published split names nowhere.

    Parameters
    ----------
    world
        The training data with its cut.
    stages
        Every task by stage and name, also those that no user can be asked.
    """
    pairs = world.cut.pairs
    left: LongArray = np.flatnonzero(world.cut.parts != TRAIN)
    users, items = pairs.users[left], pairs.items[left]
    for placed in _roles([task for tasks in stages.values() for task in tasks.values()], world):
        idle = ~_stored(placed, users, items, world)
        if not idle.all():
            left, users, items = left[idle], users[idle], items[idle]
    return left


def _roles(tasks: Sequence[Holdout], world: TrainingWorld) -> Iterator[Placed]:
    """Yield the truths, then the support of cold users and items, then the masks.

    In this order few pairs are left when the masks come, which are the largest.
    """
    for task in tasks:
        yield task.truth, task.users, task.items
    for task in tasks:
        at, shown = _cold(task.query.users)
        yield shown, task.users[at], world.item_rows
        at, shown = _cold(task.query.items)
        yield shown.T.tocsr(), world.user_rows, task.items[at]
    for task in tasks:
        yield task.masked, task.users, task.items


def _cold(entities: Entities) -> tuple[LongArray, CSR]:
    """Return the rows of the cold entities that show something, and what they show."""
    shows = np.diff(entities.history.indptr) > 0
    at = np.flatnonzero((entities.known < 0) & shows)
    return at, entities.history[at]


def _stored(placed: Placed, users: IntArray, items: IntArray, world: TrainingWorld) -> BoolArray:
    """Return which pairs of dataset indices a matrix stores; a stored zero counts."""
    matrix, user_rows, item_rows = placed
    found = np.zeros(len(users), dtype=bool)
    if matrix.nnz:
        row = invert_index(user_rows, world.cut.pairs.n_users)[users]
        column = invert_index(item_rows, world.cut.pairs.n_items)[items]
        inside = np.flatnonzero((row >= 0) & (column >= 0))
        if len(inside):
            entries = mark_stored(matrix)[row[inside], column[inside]]
            found[inside] = np.asarray(entries).ravel() > 0
    return found
