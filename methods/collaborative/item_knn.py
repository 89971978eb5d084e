"""Item neighbours by who interacted with them."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix, vstack

from ...datasets.arrays import CSR, FloatArray, LongArray
from ...datasets.parameters import Range, parameter
from ...datasets.progress import Progress, count_progress, ignore_progress
from ...datasets.world import Entities, TrainView
from ..base import Family, Method
from ..sparse_rows import binarise
from .shrunk_cosines import nearest_by_shrunk_cosine

_ROWS = 512  # items whose similarities are held at once


@dataclass
class ItemKNN(Method):
    """Sum of the similarities between a candidate and those history items that neighbour it.

    Source: Sarwar, Karypis, Konstan and Riedl, Item-Based Collaborative Filtering
    Recommendation Algorithms, 2001, section 3; shrinkage as in Bell and Koren, 2007.
    Differs: interactions are ones, so the weighted sum has no denominator (Deshpande and
    Karypis, 2004); the shrinkage is added to the cosine's denominator. A cold item finds its
    neighbours through its support users; without support it scores 0.
    """

    neighbours: int = parameter(
        100, "most similar training items kept per candidate", minimum=1, search=Range(10, 500)
    )
    shrinkage: float = parameter(
        10.0, "added to the denominator of the cosine", minimum=0, search=Range(0, 100)
    )

    family: ClassVar[Family] = Family.COLLABORATIVE
    uses_support: ClassVar[bool] = True

    def fit(self, train: TrainView) -> Self:
        """Find the neighbours of every training item, a block of items at a time."""
        self.matrix_ = train.interactions.csr.copy()
        self.counts_ = train.item_counts.astype(np.float64)
        items = np.arange(len(train.items))
        self.similarity_ = self._neighbours(self.matrix_.T.tocsr(), items, train.progress)
        return self

    def encode_items(self, items: Entities) -> CSR:
        """Return CSR float32, (training items, candidates): each column a candidate's neighbours.

        A known item's are looked up; a cold item's are computed from its support.
        """
        # Each part is zero where the other is not, so their sum is one or the other.
        warm = items.known >= 0
        learned = self.fitted("similarity_")[np.where(warm, items.known, 0)]
        support = items.history.multiply(~warm[:, None]).tocsr()
        support.eliminate_zeros()
        fresh = self._neighbours(binarise(support), np.full(len(items), -1))
        return (learned.multiply(warm[:, None]) + fresh).T.tocsr().astype(np.float32)

    def score_block(self, users: Entities, items: CSR) -> FloatArray:
        """Return float32 (users, candidates): history times similarity."""
        # An item counts when it is among the candidate's neighbours, whether or not the candidate
        # is among its own.
        scores: FloatArray = (binarise(users.history) @ items).toarray()
        return scores

    def _neighbours(
        self, item_users: CSR, own: LongArray, progress: Progress = ignore_progress
    ) -> CSR:
        """Return CSR (rows, training items) of the largest similarities, never to itself."""
        starts = range(0, item_users.shape[0], _ROWS)
        blocks = [
            self._block(item_users[at : at + _ROWS], own[at : at + _ROWS])
            for at in count_progress(starts, progress, "block of items")
        ]
        if not blocks:
            return csr_matrix((0, len(self.counts_)), dtype=np.float32)
        return vstack(blocks, format="csr")

    def _block(self, item_users: CSR, own: LongArray) -> CSR:
        return nearest_by_shrunk_cosine(
            item_users, self.matrix_, self.counts_, own, self.shrinkage, self.neighbours
        )
