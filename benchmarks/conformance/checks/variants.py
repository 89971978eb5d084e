"""Checks in the planted dataset's variants: with cold entities in view, and with ratings."""

import numpy as np

from ....datasets.arrays import FloatArray
from ....datasets.protocol.settings import Task
from ....datasets.world import Holdout, SideMode
from ..test_splits import PROBES, make_probe, split_planted
from .check_result import Violation
from .definition import check
from .scoring_checks import require_scores
from .subject import Subject

SLACK = 1.05
"""How many times the error of the mean rating a prediction may reach."""
RATED = (PROBES[0], "new_item/cold/k=0", "new_user/warm/k=5")


def _inductive(subject: Subject) -> str | None:
    if subject.mode is SideMode.TRANSDUCTIVE:
        return "it is transductive: every other check examines this world"
    return None


@check(applies=_inductive)
def transductive_world(subject: Subject) -> str:
    """Require that it also fits and scores where cold entities are in view during training."""
    split = split_planted(SideMode.TRANSDUCTIVE)
    fitted = subject.refit(split)
    for task in PROBES:
        query = make_probe(split.test[task])
        require_scores(fitted.score(query), query, task)
    return "finite scores"


def _predicts(subject: Subject) -> str | None:
    return None if hasattr(subject.method, "predict") else "it predicts no ratings"


@check(applies=_predicts)
def predicts_ratings(subject: Subject) -> str:
    """Require that predicted ratings are finite and not worse than the mean of all ratings."""
    split = split_planted(subject.mode, Task.RATING)
    fitted = subject.refit(split)
    mean = float(split.train.interactions.values.mean())
    errors = []
    for task in RATED:
        holdout = split.test[task]
        predicted = fitted.predict(holdout.query)
        require_scores(predicted, holdout.query, f"predict, {task}")
        constant = np.full(predicted.shape, mean, dtype=np.float32)
        ours, theirs = _error(predicted, holdout), _error(constant, holdout)
        if ours > SLACK * theirs:
            raise Violation(
                f"{task}: RMSE {ours:.3f}, the mean of all ratings gives {theirs:.3f}",
                "return ratings on the scale of train.interactions.values",
            )
        errors.append(f"{ours:.3f} ({theirs:.3f})")
    return f"RMSE (of the mean): {', '.join(errors)}"


def _error(predicted: FloatArray, holdout: Holdout) -> float:
    truth = holdout.truth.tocoo()
    return float(np.sqrt(np.mean((predicted[truth.row, truth.col] - truth.data) ** 2)))


CHECKS = (transductive_world, predicts_ratings)
