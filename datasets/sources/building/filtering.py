"""One row per (user, item) pair, in one order whatever the order of the file."""

import numpy as np

from ...arrays import BoolArray, IntArray, LongArray


def keep_distinct_rows(
    users: IntArray, items: IntArray, times: LongArray | None, n_items: int
) -> tuple[LongArray | None, int]:
    """Return the rows to keep, sorted by user then item, and how many duplicates fell away.

    Rows that are distinct and sorted already are all kept as they are: None stands for them. Of
    the rows of one pair the latest stays; where the times are equal or unknown, the last row.
    """
    keys = users.astype(np.int64) * n_items + items
    if bool((keys[1:] > keys[:-1]).all()):
        return None, 0
    order = np.argsort(keys)
    ordered = keys[order]
    if bool((ordered[1:] > ordered[:-1]).all()):
        return order, 0
    by = (np.arange(len(keys)), keys) if times is None else (np.arange(len(keys)), times, keys)
    order = np.lexsort(by)
    ordered = keys[order]
    last = np.append(ordered[1:] != ordered[:-1], True)
    return order[last], int(len(keys) - last.sum())


def find_k_core(
    users: IntArray, items: IntArray, k: int, n_users: int, n_items: int
) -> tuple[BoolArray, BoolArray]:
    """Return which users and items form the k-core: each has k pairs with others of it.

    The largest such set: users and items with fewer than ``k`` pairs are dropped until none is
    left to drop. With ``k = 0`` everyone stays.
    """
    user_counts = np.bincount(users, minlength=n_users)
    item_counts = np.bincount(items, minlength=n_items)
    while True:
        strong_users, strong_items = user_counts >= k, item_counts >= k
        alive = strong_users.take(users) & strong_items.take(items)
        dead = np.flatnonzero(~alive)
        if not len(dead):
            return strong_users, strong_items
        user_counts -= np.bincount(users.take(dead), minlength=n_users)
        item_counts -= np.bincount(items.take(dead), minlength=n_items)
        left = np.flatnonzero(alive)
        users, items = users.take(left), items.take(left)
