"""Pairs that nobody has observed, drawn as negatives of the observed ones."""

import numpy as np

from ..datasets.arrays import CSR, IntArray
from .sparse_rows import expand_row_indices


def sample_unobserved_pairs(
    observed: CSR, per_pair: int, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Draw, for each observed pair, uniform training items that its user has not taken.

    Parameters
    ----------
    observed
        CSR (users, items); the stored entries count, whatever their values.
    per_pair
        Items drawn for each pair, with replacement.

    Returns
    -------
    users, items
        int32, (pairs times ``per_pair``,). A user who took every item has no negatives.
    """
    matrix = observed if observed.has_sorted_indices else observed.sorted_indices()
    n_items, taken = matrix.shape[1], np.diff(matrix.indptr)
    rows = expand_row_indices(matrix)
    users = np.repeat(rows, per_pair)
    users = users[taken[users] < n_items]
    at = rng.integers(0, n_items - taken[users])  # the at-th of the items not taken
    # No rejection, which for a user with nearly every item would go on for long: the at-th of the
    # items not taken has the index at + (items taken that lie before it). Before the j-th item
    # taken lie index - j others, a number that grows with j; so those that lie before are counted
    # by a binary search, for all users at once by keys that count users in steps of n_items + 1.
    others = matrix.indices - (np.arange(matrix.nnz) - matrix.indptr[rows])
    keys = rows * (n_items + 1) + others
    passed = np.searchsorted(keys, users * (n_items + 1) + at, side="right") - matrix.indptr[users]
    return users.astype(np.int32), (at + passed).astype(np.int32)
