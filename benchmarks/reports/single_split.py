"""Two rows on a single split, user by user and item by item, from the tables of their runs."""

from pathlib import Path

import numpy as np

from ...datasets.arrays import DoubleArray
from ..evaluation.item_contributions import ItemContributions, linearise
from ..evaluation.spread import Spread, spread_over_users_and_items
from ..records.record import record_path
from ..records.stored_values import ItemValues, UserValues, read_item_values, read_user_values
from .board import Board, PairIn
from .differences import PairOnSplit
from .rows import Row


def make_pair_in(home: Path) -> PairIn:
    """Return what reads the tables of a task whose rows were measured on one split.

    Parameters
    ----------
    home
        Folder of the records.
    """

    def pair_in(board: Board, task: str) -> PairOnSplit | None:
        rows = [row for row in board.rows if task in row.cells]
        if any(row.cells[task].draws > 1 for row in rows):
            return None
        paths = {
            id(row): next(record_path(home, one) for one in row.records if task in one.scores)
            for row in rows
        }
        users = read_user_values(paths.values(), task, board.metric)
        items = read_item_values(paths.values(), task, board.metric) if users else {}

        def pair(first: Row, second: Row) -> Spread | None:
            one, other = paths[id(first)], paths[id(second)]
            if one not in users or other not in users:
                return None
            apart = subtract_users(users[one], users[other])
            if one in items and other in items:
                moved = subtract_items(items[one], items[other], len(apart))
                return spread_over_users_and_items(apart, moved)
            return spread_over_users_and_items(apart, np.zeros(0))

        return pair if users else None

    return pair_in


def subtract_users(first: UserValues, second: UserValues) -> DoubleArray:
    """Return float64, (users of both,): the first's values less the second's."""
    if np.array_equal(first.users, second.users):  # as ever on one split, and so much the faster
        return first.values - second.values
    _, left, right = np.intersect1d(
        first.users, second.users, assume_unique=True, return_indices=True
    )
    apart: DoubleArray = first.values[left] - second.values[right]
    return apart


def subtract_items(first: ItemValues, second: ItemValues, users: int) -> DoubleArray:
    """Return float64, (items of both,): by how much an item moves the mean difference."""
    if np.array_equal(first.items, second.items):
        left = right = np.arange(len(first.items))
    else:
        _, left, right = np.intersect1d(
            first.items, second.items, assume_unique=True, return_indices=True
        )
    sums = {"": first.sums[left] - second.sums[right]}
    return linearise(ItemContributions(left.astype(np.int32), first.users[left], sums), "", users)
