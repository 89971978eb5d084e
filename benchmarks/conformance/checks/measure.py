"""How well a method solves a task of the planted dataset, and what chance would give."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ....datasets.arrays import DoubleArray
from ....datasets.world import Holdout, Query
from ...evaluation.validation import CUTOFF, ndcg_per_user

RESAMPLES = 1000
SEED = 11
"""Of the tie-break hash and of the bootstrap."""


@dataclass(frozen=True)
class Level:
    """Mean NDCG@10 of a task with its 95 % bootstrap interval over users, and chance's mean."""

    mean: float
    low: float
    high: float
    chance: float

    def __str__(self) -> str:
        interval = f"[{self.low:.3f}, {self.high:.3f}]"
        return f"NDCG@10 {self.mean:.3f} {interval}, chance {self.chance:.3f}"


def measure_ndcg(method: Any, holdout: Holdout, query: Query | None = None) -> DoubleArray:
    """Return float64, (users,): NDCG@10 of each user, ranked and measured by the evaluation.

    The method scores the whole query at once, so that one that knows a query by its shape is met.

    Parameters
    ----------
    method
        A fitted method.
    holdout
        Truth and mask.
    query
        What is asked instead of the holdout's own query; same rows and candidates.
    """
    request = holdout if query is None else replace(holdout, query=query)
    return ndcg_per_user(method.score, request, SEED)


def compute_chance(holdout: Holdout) -> float:
    """Return the expected mean NDCG@10 of a uniformly random ranking.

    With r true items among n that may be ranked, every place holds one with probability r / n, so
    the expected gain is r / n times the sum of the discounts of the first min(10, n) places.
    """
    discount = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, CUTOFF + 2)))])
    true = np.diff(holdout.truth.indptr)
    ranked = holdout.truth.shape[1] - np.diff(holdout.masked.indptr)
    gain = true / ranked * discount[np.minimum(ranked, CUTOFF)]
    return float(np.mean(gain / discount[np.minimum(true, CUTOFF)]))


def estimate_level(values: DoubleArray, holdout: Holdout) -> Level:
    """Return the mean of per-user values with its interval, next to chance."""
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), (2.5, 97.5))
    return Level(float(values.mean()), float(low), float(high), compute_chance(holdout))
