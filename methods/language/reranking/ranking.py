"""Which candidates of a first ranking are ranked anew, and where these and the rest end up."""

import numpy as np

from ....datasets.arrays import BoolArray, FloatArray

NEAR = 1e-5
"""Share of the largest score by which two candidates may differ and still tie."""
LARGEST = 60.0
"""Log-odds are cut there, at a probability of a yes of 1 - 1e-26."""
FLOOR = -64.0
"""The rest of the candidates lie below, above twice this."""
LEAST_SPREAD = 0.05
"""A first ranking whose scores differ by a smaller share of the largest is not spread further."""


def choose_top(scores: FloatArray, allowed: BoolArray, count: int) -> BoolArray:
    """Return bool (users, candidates): the highest ``count`` of those that are allowed.

    Candidates that tie with the last of them are chosen as well, so that neither order nor
    rounding decides; 0 chooses all that are allowed.
    """
    if not count or count >= scores.shape[1]:
        return allowed.copy()
    ranked = np.where(allowed, scores, -np.inf)
    last = np.partition(ranked, scores.shape[1] - count, axis=1)[:, -count, None]
    slack = NEAR * np.abs(scores).max(axis=1, keepdims=True)
    chosen: BoolArray = allowed & (ranked >= last - slack)
    return chosen


def place_chosen(scores: FloatArray, chosen: BoolArray, odds: FloatArray) -> FloatArray:
    """Return float32 (users, candidates): log-odds of the chosen, below them the rest.

    Parameters
    ----------
    scores
        The first ranking, whose order the rest keep.
    chosen
        bool (users, candidates).
    odds
        Log-odds of a yes where chosen, any value elsewhere.
    """
    if not scores.size:
        return np.zeros(scores.shape, dtype=np.float32)
    first = scores.astype(np.float64)
    high = np.where(chosen, -np.inf, first).max(axis=1, keepdims=True)
    low = np.where(chosen, np.inf, first).min(axis=1, keepdims=True)
    some = np.isfinite(high)  # where all are chosen there is no rest
    high, low = np.where(some, high, 0.0), np.where(some, low, 0.0)
    spread = np.maximum(high - low, LEAST_SPREAD * np.abs(first).max(axis=1, keepdims=True))
    rest = FLOOR * (1 + (high - first) / np.where(spread > 0, spread, 1.0))
    placed: FloatArray = np.where(chosen, np.clip(odds, -LARGEST, LARGEST), rest).astype(np.float32)
    return placed
