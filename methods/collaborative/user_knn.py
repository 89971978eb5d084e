"""User neighbours by what they interacted with."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix, vstack

from ...datasets.arrays import CSR, FloatArray
from ...datasets.errors import NotApplicableError
from ...datasets.parameters import Range, parameter
from ...datasets.world import Entities, TrainView
from ..base import Family, Method
from ..sparse_rows import binarise
from .shrunk_cosines import nearest_by_shrunk_cosine

_ROWS = 512  # most users whose similarities are held at once
_ENTRIES = 1 << 24  # similarities that are held at once, about 40 bytes each
_SECONDS_PER_PRODUCT = 4e-9  # of one core: a common item of two users is counted
_SECONDS_PER_SIMILARITY = 1e-7  # made and searched for the largest


@dataclass
class UserKNN(Method):
    """Sum of the similarities between a user and those neighbours who took the candidate.

    Source: Herlocker, Konstan, Borchers and Riedl, An Algorithmic Framework for Performing
    Collaborative Filtering, 1999, sections 4 and 5; top-N from the cosine neighbourhood as in
    Sarwar, Karypis, Konstan and Riedl, Analysis of Recommendation Algorithms for E-Commerce,
    2000; shrinkage as in Bell and Koren, 2007.
    Differs: interactions are ones, so there are no means to subtract and no denominator; the
    shrinkage is added to the cosine's denominator. Neighbours are training users. A warm user is
    distinguished by its index and never neighbours itself; a new user is not a training user, so a
    training user with the very same history is a neighbour like any other. A cold item is taken
    by its support users; without support it scores 0, as does everything for an empty history.
    The defaults were chosen on the validation part of movietweetings. Time grows with the square
    of an item's users, so beyond ``max_hours`` it refuses.
    """

    neighbours: int = parameter(
        500, "most similar training users kept per user", minimum=1, search=Range(10, 1000)
    )
    shrinkage: float = parameter(
        20.0, "added to the denominator of the cosine", minimum=0, search=Range(0, 100)
    )
    max_hours: float = parameter(
        3.0,
        "estimated hours of one core, for one task with every training user, beyond which the "
        "method refuses",
        minimum=0,
    )

    family: ClassVar[Family] = Family.COLLABORATIVE
    uses_support: ClassVar[bool] = True

    def fit(self, train: TrainView) -> Self:
        """Keep who took each item, and how many items each user took.

        Raises
        ------
        NotApplicableError
            When to score would take more than ``max_hours``.
        """
        self._refuse_too_long(train)
        self.takers_ = train.interactions.csr.T.tocsr()
        self.sizes_ = np.diff(train.interactions.csr.indptr).astype(np.float64)
        return self

    def encode_items(self, items: Entities) -> CSR:
        """Return CSR float32, (training users, candidates): who took each candidate."""
        return binarise(items.history).T.tocsr()

    def score_block(self, users: Entities, items: CSR) -> FloatArray:
        """Return float32 (users, candidates): similarities times what the neighbours took."""
        scores: FloatArray = (self._similarity(users) @ items).toarray()
        return scores

    def _similarity(self, users: Entities) -> CSR:
        """Return CSR float32 (users, training users): the largest similarities of each row."""
        takers = self.fitted("takers_")
        step = min(_ROWS, max(1, _ENTRIES // max(1, takers.shape[1])))
        blocks = [
            self._block(users.take(slice(at, at + step)), takers)
            for at in range(0, len(users), step)
        ]
        if not blocks:
            return csr_matrix((0, takers.shape[1]), dtype=np.float32)
        return vstack(blocks, format="csr")

    def _block(self, users: Entities, takers: CSR) -> CSR:
        return nearest_by_shrunk_cosine(
            binarise(users.history),
            takers,
            self.sizes_,
            users.known,
            self.shrinkage,
            self.neighbours,
        )

    def _refuse_too_long(self, train: TrainView) -> None:
        # An item with n users is common to n^2 pairs of users: so many products, and no more
        # similarities than these or than there are pairs.
        n_users, counts = len(train.users), train.item_counts.astype(np.float64)
        products = float(counts @ counts)
        similarities = min(products, float(n_users) ** 2)
        seconds = _SECONDS_PER_PRODUCT * products + _SECONDS_PER_SIMILARITY * similarities
        if seconds > 3600 * self.max_hours:
            raise NotApplicableError(
                f"UserKNN compares each user with all who took the same items: among {n_users} "
                f"training users these are {products:.2g} common items, about "
                f"{seconds / 3600:.1f} hours for one task with every user, more than "
                f"max_hours = {self.max_hours:g}; raise method.max_hours to wait for it, or use "
                "item_knn, whose neighbours are found once"
            )
