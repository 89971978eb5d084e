"""Checks of what a method makes of support: shots join what is known of a user."""

import numpy as np

from ....datasets.arrays import DoubleArray
from ..test_splits import SHOT_TASKS, split_popular
from .check_result import Violation
from .definition import check
from .measure import RESAMPLES, SEED, measure_ndcg
from .subject import Subject

SLACK = 0.01
"""Share of the NDCG that may be lost from one number of shots to the next."""
CERTAIN = 99.0
"""Percentile of the paired differences that must lie below zero before a loss is one."""


@check(
    applies=lambda s: None if s.method.uses_support else "it does not use the support",
)
def support_joins_prior(subject: Subject) -> str:
    """Require that where popularity is strong, more shots of a new user never lower the NDCG."""
    split = split_popular(subject.mode)
    fitted = subject.refit(split)
    values = [measure_ndcg(fitted, split.test[task]) for task in SHOT_TASKS]
    curve = ", ".join(f"{one.mean():.3f}" for one in values)
    for task, less, more in zip(SHOT_TASKS[1:], values, values[1:], strict=False):
        lost = float(less.mean() - more.mean())
        if lost > SLACK * less.mean() and _surely_lower(more - less):
            raise Violation(
                f"NDCG@10 by shots {curve}; it falls at {task}",
                "let support join what is known of a user without any (a prior that k shots move "
                "by k / (k + s), or a ridge centred on it) instead of replacing it",
            )
    return f"NDCG@10 by shots {curve}"


def _surely_lower(differences: DoubleArray) -> bool:
    """Say whether the mean over the same users lies below zero in nearly every resample."""
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(0, len(differences), (RESAMPLES, len(differences)))
    return bool(np.percentile(differences[drawn].mean(axis=1), CERTAIN) < 0)


CHECKS = (support_joins_prior,)
