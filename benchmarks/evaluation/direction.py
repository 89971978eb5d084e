"""Which way a figure is better: every metric says so, and a board asks here alone."""

from enum import Enum


class Direction(str, Enum):
    """Whether a higher or a lower figure is better; NONE describes and ranks nobody."""

    HIGHER = "higher"
    LOWER = "lower"
    NONE = "none"


COMPUTED = {
    "harmonic_ndcg": Direction.HIGHER,
    "rmse": Direction.LOWER,
    "rmse_pairs": Direction.LOWER,
    "mae": Direction.LOWER,
    "mae_pairs": Direction.LOWER,
    "coverage": Direction.NONE,
    "gini": Direction.NONE,
    "popularity": Direction.NONE,
    "novelty": Direction.NONE,
    "diversity": Direction.NONE,
}
"""Figures that the evaluation computes without a class of their own.

Those of the lists as such have no direction: random lists have the highest coverage and novelty
and the lowest Gini coefficient of all.
"""


def direction_of(figure: str) -> Direction:
    """Return the direction of a figure, ``"ndcg@10"``, by the part before ``@``.

    A metric that is not installed here has none: nobody can say what it measures.
    """
    name = figure.split("@")[0]
    if name in COMPUTED:
        return COMPUTED[name]
    from ..plugins.registry import offers

    offer = offers("metrics").get(name)
    if offer is None or offer.target is None:
        return Direction.NONE
    return Direction(getattr(offer.target, "direction", Direction.HIGHER))


def cutoff_of(figure: str) -> int | None:
    """Return the cut-off of a figure, 10 of ``"ndcg@10"``; None for one of the whole list."""
    _, at, k = figure.partition("@")
    return int(k) if at and k.isdigit() else None
