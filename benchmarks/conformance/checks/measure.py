"""How well a method solves a task of the planted world, and what chance would give."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ....datasets.arrays import DoubleArray, FloatArray
from ....datasets.protocol.lots import entity_lots
from ....datasets.protocol.validation import CUTOFF, ndcg, top_columns
from ....datasets.world import Holdout, Query

RESAMPLES = 1000
LOT_SEED = 11


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


def measured(method: Any, holdout: Holdout, query: Query | None = None) -> DoubleArray:
    """Return float64, (users,): NDCG@10 of each user.

    Parameters
    ----------
    method
        A fitted method.
    holdout
        Truth and mask.
    query
        What is asked instead of the holdout's own query; same rows and candidates.
    """
    return ndcg_of(method.score(holdout.query if query is None else query), holdout)


def ndcg_of(scores: FloatArray, holdout: Holdout) -> DoubleArray:
    """Return float64, (users,): NDCG@10 of a whole score matrix, ties by lot."""
    users = holdout.users.astype(np.uint64)
    items = entity_lots(holdout.items.astype(np.uint64), LOT_SEED, "ties")
    ranked = top_columns(scores, holdout.masked, users, items, LOT_SEED)
    return ndcg(ranked, holdout.truth)


def chance(holdout: Holdout) -> float:
    """Return the expected mean NDCG@10 of a uniformly random ranking.

    With r true items among n that may be ranked, every place holds one with probability r / n, so
    the expected gain is r / n times the sum of the discounts of the first min(10, n) places.
    """
    discount = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, CUTOFF + 2)))])
    true = np.diff(holdout.truth.indptr)
    ranked = holdout.truth.shape[1] - np.diff(holdout.masked.indptr)
    gain = true / ranked * discount[np.minimum(ranked, CUTOFF)]
    return float(np.mean(gain / discount[np.minimum(true, CUTOFF)]))


def level(values: DoubleArray, holdout: Holdout) -> Level:
    """Return the mean of per-user values with its interval, beside chance."""
    rng = np.random.default_rng(LOT_SEED)
    drawn = rng.integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), (2.5, 97.5))
    return Level(float(values.mean()), float(low), float(high), chance(holdout))
