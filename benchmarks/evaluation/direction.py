"""Which way a value is better: every metric says so, and a leaderboard asks here alone."""

from enum import Enum


class Direction(str, Enum):
    """Whether a higher or a lower value is better; NONE describes and ranks nobody."""

    HIGHER = "higher"
    LOWER = "lower"
    NONE = "none"


COMPUTED = {
    "harmonic_ndcg": Direction.HIGHER,
    "rmse": Direction.LOWER,
    "rmse_pairs": Direction.LOWER,
    "auc_pairs": Direction.HIGHER,
    "auc_users": Direction.HIGHER,
    "accuracy_pairs": Direction.HIGHER,
    "f1_pairs": Direction.HIGHER,
    "mae": Direction.LOWER,
    "mae_pairs": Direction.LOWER,
    "coverage": Direction.NONE,
    "gini": Direction.NONE,
    "popularity": Direction.NONE,
    "novelty": Direction.NONE,
    "diversity": Direction.NONE,
}
"""Values that the evaluation computes without a class of their own.

Those of the lists as such have no direction: random lists have the highest coverage and novelty
and the lowest Gini coefficient of all.
"""


def find_direction(metric: str) -> Direction:
    """Return the direction of a value, ``"ndcg@10"``, by the part before ``@``.

    A metric that is not installed here has none: nobody can say what it measures.
    """
    name = metric.split("@")[0]
    if name in COMPUTED:
        return COMPUTED[name]
    from ..plugins.registry import list_offers

    offer = list_offers("metrics").get(name)
    if offer is None or offer.target is None:
        return Direction.NONE
    return Direction(getattr(offer.target, "direction", Direction.HIGHER))


def parse_cutoff(metric: str) -> int | None:
    """Return the cut-off of a value, 10 of ``"ndcg@10"``; None for one of the whole list."""
    _, at, k = metric.partition("@")
    return int(k) if at and k.isdigit() else None
