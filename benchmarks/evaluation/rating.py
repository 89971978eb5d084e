"""Rating prediction: how far predicted values are from the held-out ones."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol
from zlib import crc32

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ...datasets.arrays import DoubleArray, FloatArray, LongArray
from ...datasets.errors import ColdbenchError
from ...datasets.progress import Progress, ignore_progress
from ...datasets.world import Holdout, Query
from .bootstrap import Resampled
from .estimates import estimate
from .evaluate import select_users
from .score_blocks import answering
from .slices import group_users
from .task_result import Estimate, EvaluationSettings, TaskResult


class Predictor(Protocol):
    """A fitted method that predicts ratings."""

    def predict(self, query: Query) -> FloatArray:
        """Return float32 (users, candidates): the rating each user would give."""
        ...


def evaluate_ratings(
    method: Predictor,
    tasks: Mapping[str, Holdout],
    settings: EvaluationSettings,
    *,
    seed: int,
    threads: int = 1,
    progress: Progress = ignore_progress,
) -> dict[str, TaskResult]:
    """Predict every held-out rating and return RMSE and MAE (lower is better).

    ``rmse`` and ``mae`` are values of one user, then the mean over users; ``rmse_pairs`` and
    ``mae_pairs`` pool all pairs, so that a user weighs by how much they rated; their intervals
    still resample users.

    Parameters
    ----------
    method
        A fitted method with ``predict``.
    tasks
        Holdouts by name, whose truth carries the ratings.
    settings
        ``bootstrap``, ``slices`` and ``block`` are used.
    seed
        Seed of the bootstrap.
    threads
        BLAS threads of ``predict``.
    progress
        Called with the number of users of all tasks that are evaluated, and the task.

    Raises
    ------
    ColdbenchError
        When a prediction is NaN, infinite, not float32 or of the wrong shape, or the method
        does not predict ratings.
    """
    settings.check()
    demand_predictor(method)
    results = {}
    tally = select_users(tasks, progress)
    for name, holdout in tasks.items():
        evaluated = partial(tally.add, task=name)
        evaluated(0)
        rows = np.flatnonzero(np.diff(holdout.truth.indptr))
        with threadpool_limits(threads):
            metric_values = _compute_errors(
                answering(method, holdout), name, holdout, rows, settings.block, evaluated
            )
        with threadpool_limits(1):
            results[name] = _result(name, holdout, rows, metric_values, settings, seed)
    return results


def demand_predictor(method: Any) -> None:
    """Refuse a method that predicts no ratings."""
    if not callable(getattr(method, "predict", None)):
        raise ColdbenchError(
            f"{type(method).__name__} predicts no ratings: it defines no predict; "
            "use task=ranking for it"
        )


def pooled_rmse(method: Predictor, task: str, holdout: Holdout) -> float:
    """Return the root mean squared error over all held-out ratings of one task."""
    method = answering(method, holdout)
    rows = np.flatnonzero(np.diff(holdout.truth.indptr))
    block = EvaluationSettings.block
    sums = _compute_errors(method, task, holdout, rows, block, lambda users: None)
    mean = _rmse_pairs(Resampled.of(sums, 0, 0), len(rows)).mean
    return np.nan if mean is None else mean


def _compute_errors(
    method: Predictor,
    task: str,
    holdout: Holdout,
    rows: LongArray,
    block: int,
    evaluated: Callable[[int], None],
) -> dict[str, DoubleArray]:
    """Return squared errors, absolute errors and ratings of each user, summed."""
    found = {name: np.zeros(len(rows)) for name in ("squares", "distances", "ratings")}
    for start in range(0, len(rows), block):
        some = rows[start : start + block]
        query = Query(holdout.query.users.take(some), holdout.query.items)
        predicted = method.predict(query)
        shape = (len(some), len(holdout.items))
        if getattr(predicted, "dtype", None) != np.float32 or predicted.shape != shape:
            raise ColdbenchError(
                f"{type(method).__name__} predicted {getattr(predicted, 'dtype', type(predicted))} "
                f"{getattr(predicted, 'shape', '')} in task {task}: it must be float32 {shape}"
            )
        truth = holdout.truth[some]
        users = np.repeat(np.arange(len(some)), np.diff(truth.indptr))
        errors = predicted[users, truth.indices].astype(np.float64) - truth.data
        if not np.isfinite(errors).all():
            user = holdout.users[some[users[~np.isfinite(errors)][0]]]
            raise ColdbenchError(
                f"{type(method).__name__} predicted a rating that is not finite in task {task} "
                f"for user {user} (dataset index)"
            )
        at = slice(start, start + len(some))
        for name, values in (("squares", errors**2), ("distances", np.abs(errors))):
            found[name][at] = np.bincount(users, weights=values, minlength=len(some))
        found["ratings"][at] = np.bincount(users, minlength=len(some))
        evaluated(len(some))
    return found


def _result(
    task: str,
    holdout: Holdout,
    rows: LongArray,
    sums: dict[str, DoubleArray],
    settings: EvaluationSettings,
    seed: int,
) -> TaskResult:
    if len(rows) == 0:
        return TaskResult({}, {}, holdout.users[rows], {}, None)
    per_user = {
        "rmse": np.sqrt(sums["squares"] / sums["ratings"]),
        "mae": sums["distances"] / sums["ratings"],
    }
    groups = group_users(holdout.query.users.take(rows)) if settings.slices else {}
    draw = crc32(task.encode(), seed % 2**32)
    scores, slices = estimate(per_user, {}, groups, per_user, settings.bootstrap, draw)
    pooled = Resampled.of(sums, settings.bootstrap, draw)
    n = len(rows)
    scores["rmse_pairs"] = _rmse_pairs(pooled, n)
    scores["mae_pairs"] = pooled.derived(
        ["distances", "ratings"], lambda means: means[:, 0] / means[:, 1], n
    )
    return TaskResult(scores, slices, holdout.users[rows], per_user, None)


def _rmse_pairs(pooled: Resampled, users: int) -> Estimate:
    """Return the root mean squared error over the pairs of all users."""
    return pooled.derived(
        ["squares", "ratings"], lambda means: np.sqrt(means[:, 0] / means[:, 1]), users
    )
