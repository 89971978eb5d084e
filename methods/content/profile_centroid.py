"""Candidates that resemble the mean of what the user liked."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ...datasets.arrays import CSR, FloatArray
from ...datasets.parameters import Choices, parameter
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..base import Family, Need
from ..item_content.weighting import ColumnWeightedMethod, Weighting
from ..sparse_rows import binarise, normalise_rows

_ENTRIES = 1 << 22  # entries of a sparse product that are held at once


@dataclass
class ProfileCentroid(ColumnWeightedMethod):
    """Cosine between a candidate's features and the mean vector of the history.

    Source: Rocchio, Relevance Feedback in Information Retrieval, 1971, as a learner of user
    profiles in Lops, de Gemmis and Semeraro, Content-based Recommender Systems: State of the Art
    and Trends, 2011, section 3.3.2.
    Differs: interactions are liked items only, so the profile has no negative centroid; each
    item's vector has length 1 before the mean; document frequencies come from training items
    alone. A user without history, or whose items have no features, ties all candidates.
    """

    weighting: Weighting = parameter(
        Weighting.TFIDF, "weights of the feature columns", search=Choices(tuple(Weighting))
    )

    family: ClassVar[Family] = Family.CONTENT
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_FEATURES})

    def fit(self, train: TrainView) -> Self:
        """Weight the columns by the training items and keep their vectors."""
        self.vectors_ = self.fit_weights(train.items.features)
        return self

    def encode_items(self, items: Entities) -> CSR:
        """Return CSR float32, (feature columns, candidates): their vectors, as columns."""
        return self.weigh(items.features).T.tocsr()

    def profiles(self, users: Entities) -> CSR:
        """Return CSR float32, (users, feature columns): centroids of length 1, or 0."""
        # The sum of a history's vectors has the direction of their mean, and a cosine sees no more.
        return normalise_rows(binarise(users.history) @ self.fitted("vectors_"))

    def score_block(self, users: Entities, items: CSR) -> FloatArray:
        """Return float32 (users, candidates): cosines, a few users at a time."""
        profiles = self.profiles(users)
        scores = np.empty((len(users), items.shape[1]), dtype=np.float32)
        step = max(1, _ENTRIES // max(1, items.shape[1]))
        for at in range(0, len(users), step):
            scores[at : at + step] = (profiles[at : at + step] @ items).toarray()
        return scores
