"""Newest first: what came out last, whoever asks."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ...datasets.arrays import FloatArray
from ...datasets.errors import NotApplicableError
from ...datasets.world import Entities, TrainView
from ..base import Family, Method, Need


@dataclass
class Newest(Method):
    """Items in the order of their release, the newest first; the same for every user.

    Source: the recency baseline of news and job recommendation, as in Campos, Díez and Cantador,
    Time-aware Recommender Systems, 2014, section 2.3 (item age as context).
    Differs: the date is the item's own, as its dataset states it; no time of an interaction is
    read, which for a new item would be hidden data. An item without a date stands at the median
    of the training items. Items of one date tie, and the evaluator's tie-break hash ranks them.
    """

    family: ClassVar[Family] = Family.REFERENCE
    reference: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_DATES})

    def fit(self, train: TrainView) -> Self:
        """Find the median date of the training items."""
        dates = train.items.released
        if dates is None:
            raise NotApplicableError("Newest needs release dates of items; the split has none")
        known = dates[np.isfinite(dates)]
        self.median_ = float(np.median(known)) if len(known) else 0.0
        return self

    def encode_items(self, items: Entities) -> FloatArray:
        """Return float32, (candidates,): the release date in years."""
        median = self.fitted("median_")
        if items.released is None:
            return np.full(len(items), median, dtype=np.float32)
        dates = np.where(np.isfinite(items.released), items.released, median)
        return dates.astype(np.float32)

    def score_block(self, users: Entities, items: FloatArray) -> FloatArray:
        """Return the same float32 row of dates for every user."""
        return np.tile(items, (len(users), 1))
