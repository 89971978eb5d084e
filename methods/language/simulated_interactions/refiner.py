"""The narrow end of the funnel: a classifier says yes or no to a user and an item."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ....datasets.arrays import BoolArray, DoubleArray, FloatArray, LongArray

_STEPS = 50  # Newton steps at the most
_CLOSE = 1e-8  # largest step at which the fit is done


@dataclass
class Refiner:
    """Logistic regression on features of a pair, their squares and their products.

    Attributes
    ----------
    mean, scale
        float64, (features,): with which the features are standardised.
    weights
        float64, (terms + 1,): the intercept last.
    """

    mean: DoubleArray
    scale: DoubleArray
    weights: DoubleArray

    @classmethod
    def of(cls, features: DoubleArray, liked: BoolArray, penalty: float) -> "Refiner":
        """Fit by Newton's method, both answers weighing as much as the other in total.

        Parameters
        ----------
        features
            float64, (pairs, features).
        liked
            bool, (pairs,).
        penalty
            Of the squared weights, per mean weight of a pair; the intercept is free.
        """
        width = features.shape[1]
        if not liked.any() or liked.all():  # one answer alone teaches nothing
            terms = width + width * (width + 1) // 2
            return cls(np.zeros(width), np.ones(width), np.zeros(terms + 1))
        mean, scale = features.mean(axis=0), features.std(axis=0)
        made = cls(mean, np.where(scale > 1e-9, scale, 1.0), np.zeros(0))
        terms = made._expand(features)
        made.weights = np.zeros(terms.shape[1])
        share = np.where(liked, 0.5 / liked.sum(), 0.5 / (~liked).sum())
        ridge = np.full(terms.shape[1], penalty / len(liked))
        ridge[-1] = 0.0
        for _ in range(_STEPS):
            likely = 1 / (1 + np.exp(-np.clip(terms @ made.weights, -30, 30)))
            slope = terms.T @ (share * (likely - liked)) + ridge * made.weights
            bent = terms.T @ (terms * (share * likely * (1 - likely))[:, None]) + np.diag(ridge)
            step = np.linalg.solve(bent + 1e-12 * np.eye(len(bent)), slope)
            made.weights = made.weights - step
            if np.abs(step).max() < _CLOSE:
                break
        return made

    def state(self) -> dict[str, Any]:
        """Return its arrays, by name."""
        return dict(vars(self))

    def parameter_count(self) -> int:
        """Return how many numbers were learned."""
        return sum(one.size for one in vars(self).values())

    def rate(self, funnel: Any, moved: FloatArray, users: LongArray, text: str) -> DoubleArray:
        """Return float64, (users,): log-odds of a like of one item; its text is not read.

        Parameters
        ----------
        funnel
            A ``Funnel``, which describes the pairs.
        moved
            float32, (d,): the item's vector.
        users
            int64, training users.
        """
        return self.log_odds(funnel.describe(moved, users))

    def log_odds(self, features: DoubleArray) -> DoubleArray:
        """Return float64, (pairs,): of a like, among as many likes as others; yes is above 0."""
        odds: DoubleArray = self._expand(features) @ self.weights
        return odds

    def _expand(self, features: DoubleArray) -> DoubleArray:
        """Return float64 (pairs, terms + 1): standardised features, products, and a one."""
        # A cut-off keeps a pair unlike all those trained on from ruling by its squares.
        values = np.clip((features - self.mean) / self.scale, -4, 4)
        left, right = np.triu_indices(values.shape[1])
        products = values[:, left] * values[:, right]
        return np.column_stack([values, products, np.ones(len(values))])
