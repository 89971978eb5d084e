"""One trial: a method fitted on one split without a test side, and its validation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np

from ...datasets.errors import ColdbenchError
from ...datasets.training import TrainerSettings
from ...datasets.validation_score import ValidationScore
from ...datasets.world import Resources, Split
from ..isolation.confinement import confined
from ..isolation.error_advice import describe_failure
from ..isolation.threads import limit_threads
from ..isolation.time_limit import OutOfTime

MEAN = "mean"
"""The objective that weighs every group of tasks alike; the warm one counts alone only."""
WARM = "warm"


class TrialPruned(BaseException):
    """Raised in a training that is not worth its end; no ``Exception``, so that none catches it."""


@dataclass(frozen=True)
class TrialResult:
    """How a trial on one split ended.

    Attributes
    ----------
    state
        ``complete``, ``pruned`` or ``failed``.
    groups
        Validation of each group of tasks, where it is complete.
    seconds
        Wall-clock time.
    reason
        Why it is not complete.
    """

    state: str
    groups: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    reason: str = ""


def fit_trial(
    method: Any,
    split: Split,
    *,
    seconds: float | None,
    resources: Resources | None = None,
    trainer: TrainerSettings | None = None,
) -> TrialResult:
    """Fit a method and validate it; whatever goes wrong is the result.

    Parameters
    ----------
    method
        Unfitted.
    split
        From ``cut_without_test``.
    seconds
        The most that it may take; None and 0 are no limit.
    resources
        Threads and device.
    trainer
        Settings of Lightning, its ``report`` among them.
    """
    begin, resources = perf_counter(), resources or Resources()
    train = replace(split.train, resources=resources, trainer=trainer or TrainerSettings())
    result = TrialResult("failed")
    try:
        with confined(seconds), limit_threads(resources.threads):
            score = train.validate(method.fit(train))
        result = TrialResult("complete", _checked(score))
    except TrialPruned as pruned:
        result = TrialResult("pruned", reason=str(pruned))
    except KeyboardInterrupt:
        raise
    except OutOfTime:
        result = TrialResult(
            "failed", reason=f"stopped after {seconds:.1f} s, all that it was given"
        )
    except BaseException as error:  # sys.exit and a panic of a Rust library are not Exception
        result = TrialResult("failed", reason=describe_failure(error))
    return replace(result, seconds=round(perf_counter() - begin, 3))


def find_objective(groups: Mapping[str, float], group: str) -> float:
    """Return the validation of a group, or the mean over the groups.

    Raises
    ------
    ColdbenchError
        For a group that has no validation task.
    """
    if group == MEAN:
        cold = [value for name, value in groups.items() if name != WARM]
        return float(np.mean(cold or list(groups.values())))
    if group not in groups:
        raise ColdbenchError(
            f"nothing validates the group {group!r} here; there are: {MEAN}, {', '.join(groups)}"
        )
    return groups[group]


def _checked(score: ValidationScore) -> dict[str, float]:
    groups = dict(score.groups)
    if not all(map(math.isfinite, groups.values())):
        raise ColdbenchError(f"the validation is not finite: {groups}")
    return groups
