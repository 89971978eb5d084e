"""The scores of a run as its record holds them."""

import math
from collections.abc import Mapping

from ..evaluation.results import Estimate, TaskResult
from ..records.record import Figure


def figures(
    results: Mapping[str, TaskResult],
) -> tuple[dict[str, dict[str, Figure]], dict[str, dict[str, dict[str, Figure]]]]:
    """Return the scores and the slices of every task as a record holds them."""
    scores = {task: _figures(result.scores) for task, result in results.items()}
    slices = {
        task: {group: _figures(one) for group, one in result.slices.items()}
        for task, result in results.items()
    }
    return scores, {task: groups for task, groups in slices.items() if groups}


def _figures(estimates: Mapping[str, Estimate]) -> dict[str, Figure]:
    return {
        name: Figure(mean=_finite(e.mean), low=_finite(e.low), high=_finite(e.high), n=int(e.n))
        for name, e in estimates.items()
    }


def _finite(number: float) -> float | None:
    """Return a figure to ten decimals, None where it is not defined."""
    return round(float(number), 10) if math.isfinite(number) else None
