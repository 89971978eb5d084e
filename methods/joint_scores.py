"""A fitted method whose vectors of users and items are scored by more than their product."""

from collections.abc import Callable
from typing import Any, Self

from ..datasets.arrays import FloatArray
from ..datasets.world import Entities, Query, TrainView
from .base import Attribution, FactorMethod, Method

ScoreVectors = Callable[[FloatArray, FloatArray], FloatArray]
"""From float32 (users, d) and (candidates, d) to scores (users, candidates)."""


class JointScores(Method):
    """What ``for_group`` of a factor method returns where its score is no dot product.

    Parameters
    ----------
    fitted
        Gives the vectors.
    score
        Makes scores of them.
    """

    def __init__(self, fitted: FactorMethod, score: ScoreVectors) -> None:
        self.family = fitted.family  # type: ignore[misc]
        self._fitted, self._score = fitted, score

    def fit(self, train: TrainView) -> Self:
        """Refuse: its method is fitted.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError(f"a view of a fitted {type(self._fitted).__name__} is not fitted again")

    def encode_items(self, items: Entities) -> FloatArray:
        """Return the candidates' vectors."""
        return self._fitted.item_factors(items)

    def score_block(self, users: Entities, items: Any) -> FloatArray:
        """Return float32 (users, candidates)."""
        return self._score(self._fitted.user_factors(users), items)

    def attribute(self, query: Query, item: int) -> Attribution | None:
        """Return the account of the method that gives the vectors."""
        return self._fitted.attribute(query, item)
