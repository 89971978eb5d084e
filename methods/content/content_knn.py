"""Candidates that resemble what the user liked."""

from dataclasses import dataclass
from typing import ClassVar, Self

from ...datasets.parameters import Choices, parameter
from ...datasets.world import Entities, TrainView
from ..base import Family, Need
from ..item_content.neighbour_method import NeighbourMethod
from ..item_content.weighting import ColumnWeightedMethod, Weighting
from ..neighbours import Similarities, compute_cosines


@dataclass
class ContentKNN(NeighbourMethod, ColumnWeightedMethod):
    """Sum of the largest cosines between a candidate's features and the history's items.

    Source: Lops, de Gemmis and Semeraro, Content-based Recommender Systems: State of the Art and
    Trends, 2011, section 3.3.1 (nearest neighbours on weighted vectors, cosine); for
    ``neighbourhood=item``, Sarwar, Karypis, Konstan and Riedl, Item-based Collaborative Filtering
    Recommendation Algorithms, WWW 2001, section 3.2.1, with these cosines for theirs.
    Differs: liked items only, so the k nearest vote with their similarity; document frequencies
    come from training items alone. A user's number of voters is the same for every candidate, so
    sum and mean rank alike. Items that tie for the k-th place of a candidate share it. Added is
    ``prior_weight`` times the share of users who took the item, for a new item the mean of
    its 100 nearest, more by a tenth for every item of the history: all that ranks for a user
    without one.
    """

    weighting: Weighting = parameter(
        Weighting.TFIDF, "weights of the feature columns", search=Choices(tuple(Weighting))
    )

    version: ClassVar[int] = 2
    family: ClassVar[Family] = Family.CONTENT
    reference: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_FEATURES})

    def fit(self, train: TrainView) -> Self:
        """Weight the columns by the training items and keep their vectors."""
        self.vectors_ = self.fit_weights(train.items.features)
        self.fit_prior(train)
        return self

    def compare_items(self, items: Entities) -> Similarities:
        """Return the cosines of the candidates to the training items."""
        return compute_cosines(self.weigh(items.features), self.fitted("vectors_"))
