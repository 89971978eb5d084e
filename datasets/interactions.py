"""Who interacted with what, how much and when."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .arrays import CSR, BoolArray, FloatArray, IntArray, LongArray, make_read_only

NO_TIME = np.iinfo(np.int64).min
"""Timestamp of an interaction whose time is unknown."""


@dataclass(frozen=True)
class Interactions:
    """Distinct (user, item) pairs in coordinate form; every array is read-only.

    Attributes
    ----------
    users, items
        int32, (pairs,), indices ``0..n_users-1`` and ``0..n_items-1``.
    values
        float32, (pairs,): the rating, or 1 where there is none.
    timestamps
        int64 seconds, (pairs,), ``NO_TIME`` where unknown; None when the data has no times.
    n_users, n_items
        The shape of the matrix.
    """

    users: IntArray
    items: IntArray
    values: FloatArray
    timestamps: LongArray | None
    n_users: int
    n_items: int

    def __post_init__(self) -> None:
        for array in (self.users, self.items, self.values, self.timestamps):
            if array is not None:
                make_read_only(array)

    def __len__(self) -> int:
        return len(self.users)

    def take(self, keep: BoolArray | IntArray | LongArray) -> "Interactions":
        """Return the pairs selected by a mask or by positions, in that order, same shape."""
        if keep.dtype == np.bool_:
            keep = np.flatnonzero(keep)  # one pass over the mask instead of one per array
        times = None if self.timestamps is None else self.timestamps[keep]
        return Interactions(
            self.users[keep], self.items[keep], self.values[keep], times, self.n_users, self.n_items
        )

    @cached_property
    def csr(self) -> CSR:
        """CSR float32 (n_users, n_items) of ones at the pairs, indices sorted, read-only."""
        return self._matrix(np.ones(len(self), dtype=np.float32))

    @cached_property
    def ratings(self) -> CSR:
        """CSR float32 (n_users, n_items) of the values at the pairs (explicit zeros kept)."""
        return self._matrix(self.values)

    def _matrix(self, data: FloatArray) -> CSR:
        from scipy.sparse import csr_matrix

        matrix = csr_matrix((data, (self.users, self.items)), (self.n_users, self.n_items))
        matrix.sort_indices()
        return make_read_only(matrix)

    @property
    def has_all_times(self) -> bool:
        """True when every pair has a timestamp."""
        return self.timestamps is not None and not bool((self.timestamps == NO_TIME).any())
