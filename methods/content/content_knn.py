"""Candidates that resemble what the user liked."""

from dataclasses import dataclass
from typing import ClassVar, Self

from ...datasets.arrays import FloatArray
from ...datasets.parameters import Choices, Range, parameter
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..base import Family, Need
from ..neighbours import Similarities, compute_cosines
from .weighting import ColumnWeightedMethod, Weighting


@dataclass
class ContentKNN(ColumnWeightedMethod):
    """Sum of the largest cosines between a candidate's features and the history's items.

    Source: Lops, de Gemmis and Semeraro, Content-based Recommender Systems: State of the Art and
    Trends, 2011, section 3.3.1 (nearest neighbours on weighted vectors, cosine).
    Differs: liked items only, so the k nearest vote with their similarity; document frequencies
    come from training items alone. A user's number of voters is the same for every candidate, so
    sum and mean rank alike. A user without history ties all candidates.
    """

    neighbours: int = parameter(
        5, "largest similarities that are summed", minimum=1, search=Range(1, 100, log=True)
    )
    weighting: Weighting = parameter(
        Weighting.TFIDF, "weights of the feature columns", search=Choices(tuple(Weighting))
    )

    family: ClassVar[Family] = Family.CONTENT
    reference: ClassVar[bool] = True
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_FEATURES})
    requires: ClassVar[tuple[str, ...]] = ("numba",)

    def fit(self, train: TrainView) -> Self:
        """Weight the columns by the training items and keep their vectors."""
        self.vectors_ = self.fit_weights(train.items.features)
        return self

    def encode_items(self, items: Entities) -> Similarities:
        """Return the cosines of the candidates to the training items."""
        trained = self.fitted("vectors_")
        return compute_cosines(self.weigh(items.features), trained)

    def score_block(self, users: Entities, items: Similarities) -> FloatArray:
        """Return float32 (users, candidates); 0 for a user without history."""
        return items.sums(users.history, self.neighbours)
