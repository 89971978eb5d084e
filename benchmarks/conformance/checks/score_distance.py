"""Whether two score matrices are the same, and how far apart they are."""

import numpy as np

from ....datasets.arrays import FloatArray
from .check_result import Violation

ROUNDING = 1e-5
"""Largest accepted difference as a share of the largest score: float32 sums in another order."""


def measure_distance(one: FloatArray, other: FloatArray) -> float:
    """Return the largest difference as a share of the largest absolute score of ``one``."""
    if one.shape != other.shape:
        return float("inf")
    if not one.size:
        return 0.0
    scale = float(np.abs(one).max())
    return float(np.abs(one.astype(np.float64) - other).max()) / (scale or 1.0)


def require_same(
    one: FloatArray, other: FloatArray, what: str, remedy: str, *, rounding: float = ROUNDING
) -> float:
    """Return the distance of two score matrices.

    Parameters
    ----------
    one, other
        Scores of the same query.
    what
        What was done in between, for the sentence.
    remedy
        What to do when they differ.
    rounding
        The accepted distance; 0 requires the same bits.

    Raises
    ------
    Violation
        When they are further apart.
    """
    apart = measure_distance(one, other)
    if not apart <= rounding:
        raise Violation(
            f"{what}: scores differ by {apart:.2g} of the largest score (allowed {rounding:g})",
            remedy,
        )
    return apart
