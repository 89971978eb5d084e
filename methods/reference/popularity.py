"""Popularity: the baseline that any personal method has to beat."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from ...datasets.arrays import CSR, DoubleArray, FloatArray
from ...datasets.parameters import Range, parameter
from ...datasets.side_information import Side
from ...datasets.update import Update
from ...datasets.world import Entities, Query, TrainView
from ..base import Family, Method
from ..known_entities import look_up_known
from ..sparse_rows import sum_rows


@dataclass
class Popularity(Method):
    """Number of training interactions of an item; in a rating task, damped means.

    Source: for ratings, the baseline predictor mean + item offset + user offset of Koren, Factor
    in the Neighbors, 2010, section 2.1, with its decoupled, damped estimates.
    Differs: an unknown item counts 0, so cold items tie and the evaluator's tie-break hash ranks
    them; predictions are clipped to the range of the training ratings.
    """

    damping: float = parameter(
        10.0,
        "imagined ratings at the mean that pull an item's or a user's offset to 0",
        minimum=0,
        search=Range(1, 50, log=True),
    )

    family: ClassVar[Family] = Family.REFERENCE
    reference: ClassVar[bool] = True
    cold: ClassVar[frozenset[Side]] = frozenset({Side.USER})

    def fit(self, train: TrainView) -> Self:
        """Count the interactions of each item and estimate the rating offsets."""
        self.counts_ = train.item_counts.astype(np.float32)
        values = train.interactions.values
        self.mean_ = float(values.mean(dtype=np.float64)) if len(values) else 0.0
        self.lowest_ = float(values.min()) if len(values) else 0.0
        self.highest_ = float(values.max()) if len(values) else 0.0
        by_item = train.interactions.ratings.T.tocsr()
        self.item_offsets_ = self._damped(by_item, by_item.data - self.mean_)
        return self

    def update(self, train: TrainView, update: Update) -> Self:
        """Count anew, the pairs to learn from alone; without any keep what was counted."""
        if update.targets.any():
            return self.fit(replace(train, interactions=train.interactions.take(update.targets)))
        earlier = replace(train.items, known=update.items)
        self.counts_ = look_up_known(earlier, self.fitted("counts_"))
        self.item_offsets_ = look_up_known(earlier, self.item_offsets_)
        return self

    def encode_items(self, items: Entities) -> FloatArray:
        """Return float32, (candidates,): training counts, 0 for an unknown item."""
        counts: FloatArray = look_up_known(items, self.fitted("counts_"))
        return counts

    def score_block(self, users: Entities, items: FloatArray) -> FloatArray:
        """Return the same float32 row of counts for every user."""
        return np.tile(items, (len(users), 1))

    def predict(self, query: Query) -> FloatArray:
        """Return float32 predicted ratings, (users, candidates)."""
        history = query.users.history
        # Decoupled estimates: item offsets first, user offsets on what these leave.
        known = self.fitted("item_offsets_")[history.indices]
        users = self._damped(history, history.data - self.mean_ - known)
        items = look_up_known(query.items, self.item_offsets_)
        ratings = self.mean_ + users[:, None] + items[None, :]
        clipped: FloatArray = np.clip(ratings, self.lowest_, self.highest_).astype(np.float32)
        return clipped

    def _damped(self, matrix: CSR, residuals: DoubleArray) -> DoubleArray:
        """Return float64, (rows,): the damped mean of the residuals of each row."""
        # sum of residuals / (n + damping): ridge regression on a constant, near 0 for small n.
        sizes = np.diff(matrix.indptr) + self.damping
        offsets: DoubleArray = sum_rows(matrix, residuals) / np.where(sizes > 0, sizes, 1)
        return offsets
