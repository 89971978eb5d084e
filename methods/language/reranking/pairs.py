"""Labelled pairs of training users and items: liked ones, and items that a user has not seen."""

from dataclasses import dataclass

import numpy as np

from ....datasets.arrays import CSR, BoolArray, LongArray

SHARE_ASIDE = 10
"""At most one training user in so many is set aside."""
DRAWS = 100
"""How often an unseen item is looked for; a user who has seen nearly all is left out then."""


@dataclass(frozen=True)
class LabelledPairs:
    """Pairs side by side.

    Attributes
    ----------
    users, items
        int64, (pairs,): indices in the training data.
    liked
        bool, (pairs,).
    """

    users: LongArray
    items: LongArray
    liked: BoolArray

    def __len__(self) -> int:
        return len(self.users)


def set_users_aside(n_users: int, most: int, rng: np.random.Generator) -> LongArray:
    """Return int64 users, ascending, of whom no pair is to be trained on or shown as an example."""
    count = min(most, n_users // SHARE_ASIDE)
    return np.sort(rng.permutation(n_users)[:count]).astype(np.int64)


def find_others(n_users: int, aside: LongArray) -> LongArray:
    """Return int64, the users that are not set aside."""
    return np.setdiff1d(np.arange(n_users, dtype=np.int64), aside)


def draw_pairs(
    matrix: CSR, users: LongArray, count: int | None, rng: np.random.Generator
) -> LabelledPairs:
    """Return liked pairs, each followed by one of the same user and an item not seen.

    Parameters
    ----------
    matrix
        CSR (users, items) of the training pairs.
    users
        Whose pairs are drawn.
    count
        How many pairs, liked and unseen together; None takes every liked pair.
    """
    lists = draw_lists(matrix, users, None if count is None else -(-count // 2), 1, rng)
    return LabelledPairs(lists.users[:count], lists.items[:count], lists.liked[:count])


def draw_lists(
    matrix: CSR, users: LongArray, count: int | None, unseen: int, rng: np.random.Generator
) -> LabelledPairs:
    """Return liked pairs, each followed by several of the same user and items not seen.

    Parameters
    ----------
    matrix, users
        As of ``draw_pairs``.
    count
        How many liked pairs; None takes every one.
    unseen
        How many follow each; one item may follow twice.
    """
    sizes = np.diff(matrix.indptr)[users]
    owners = np.repeat(users, sizes)
    items = matrix[users].indices.astype(np.int64)
    chosen = rng.permutation(len(owners))[:count]
    owners, items = owners[chosen], items[chosen]
    drawn = [_draw_unseen(matrix, owners, rng) for _ in range(unseen)]
    found = np.logical_and.reduce([one for _, one in drawn])
    rows = np.stack([items, *(others for others, _ in drawn)], axis=1)[found]
    liked = np.tile([True, *[False] * unseen], len(rows))
    return LabelledPairs(np.repeat(owners[found], unseen + 1), rows.reshape(-1), liked)


def draw_one_each(matrix: CSR, users: LongArray, rng: np.random.Generator) -> LabelledPairs:
    """Return of each user one liked pair, followed by one with an item not seen."""
    sizes = np.diff(matrix.indptr)[users]
    users, sizes = users[sizes > 0], sizes[sizes > 0]
    at = matrix.indptr[users] + (rng.random(len(users)) * sizes).astype(np.int64)
    items = matrix.indices[at].astype(np.int64)
    unseen, found = _draw_unseen(matrix, users, rng)
    both = np.stack((items, unseen), axis=1)[found].reshape(-1)
    return LabelledPairs(np.repeat(users[found], 2), both, np.tile([True, False], int(found.sum())))


def _draw_unseen(
    matrix: CSR, users: LongArray, rng: np.random.Generator
) -> tuple[LongArray, BoolArray]:
    """Return of each user an item that is not among the training pairs, and whether there is."""
    unseen = np.zeros(len(users), dtype=np.int64)
    waiting = np.arange(len(users))
    for _ in range(DRAWS):
        if not len(waiting) or not matrix.shape[1]:
            break
        unseen[waiting] = rng.integers(0, matrix.shape[1], len(waiting))
        seen = np.asarray(matrix[users[waiting], unseen[waiting]]).ravel() > 0
        waiting = waiting[seen]
    found = np.ones(len(users), dtype=bool)
    found[waiting] = False
    return unseen, found
