"""Yes or no of held-out pairs: how well scores tell positives from sampled items.

The protocol of papers on click-through rates: all pairs of all users are pooled, so that scores
must be comparable between users, which no ranked list asks for.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from zlib import crc32

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ...datasets.arrays import CSR, DoubleArray, FloatArray
from ...datasets.errors import ColdbenchError
from ...datasets.progress import Progress, ignore_progress
from ...datasets.world import Holdout
from ...methods.base import Method
from .bootstrap import Resampled, draw_resamples, percentile_interval
from .estimates import estimate
from .evaluate import select_users
from .roc_areas import LabelledPairs, areas_by_user, pooled_areas
from .score_blocks import EncodedCandidates, check_scores
from .slices import group_users
from .task_result import Estimate, EvaluationSettings, TaskResult


def evaluate_clicks(
    method: Method,
    tasks: Mapping[str, Holdout],
    settings: EvaluationSettings,
    *,
    seed: int,
    threads: int = 1,
    progress: Progress = ignore_progress,
) -> dict[str, TaskResult]:
    """Score the held-out pairs of every task and return how well the scores tell them apart.

    ``auc_pairs`` is the area under the ROC curve of all pairs, ``auc_users`` that of each user's
    pairs, then the mean over users. ``f1_pairs`` and ``accuracy_pairs`` take a probability of at
    least one half for a yes; they are there for methods with ``click_probability``. All intervals
    resample users.

    Parameters
    ----------
    method
        A fitted method; each task is answered by its ``for_group`` of the task's group.
    tasks
        Holdouts by name, with ``negatives``.
    settings
        ``bootstrap``, ``slices`` and ``block`` are used.
    seed
        Seed of the bootstrap.
    threads
        BLAS threads of the scores.
    progress
        Called with the number of users of all tasks that are evaluated, and the task.

    Raises
    ------
    ColdbenchError
        When a score is NaN, infinite, not float32 or of the wrong shape.
    """
    settings.check()
    results = {}
    tally = select_users(tasks, progress)
    candidates = EncodedCandidates(method, tasks.values())
    for name, holdout in tasks.items():
        evaluated = partial(tally.add, task=name)
        evaluated(0)
        with threadpool_limits(threads):
            pairs = _score_pairs(
                *candidates.take(holdout), name, holdout, settings.block, evaluated
            )
        with threadpool_limits(1):
            results[name] = _result(name, holdout, pairs, settings, seed)
    return results


def pooled_auc(method: Method, task: str, holdout: Holdout) -> float:
    """Return the area under the ROC curve over all held-out pairs of one task."""
    scorer, encoded = EncodedCandidates(method, [holdout]).take(holdout)
    pairs = _score_pairs(scorer, encoded, task, holdout, EvaluationSettings.block, lambda n: None)
    return float(pooled_areas(pairs, np.ones((1, pairs.n)))[0])


def _score_pairs(
    method: Any,
    encoded: Any,
    name: str,
    holdout: Holdout,
    block: int,
    evaluated: Callable[[int], None],
) -> LabelledPairs:
    rows = np.flatnonzero(np.diff(holdout.truth.indptr))
    asked = _label(holdout)[rows]
    users = np.repeat(np.arange(len(rows)), np.diff(asked.indptr))
    scores = np.empty(asked.nnz, dtype=np.float32)
    for start in range(0, len(rows), block):
        some = rows[start : start + block]
        found = method.score_block(holdout.query.users.take(some), encoded)
        check_scores(found, (len(some), len(holdout.items)), type(method).__name__, name)
        at = slice(asked.indptr[start], asked.indptr[start + len(some)])
        scores[at] = found[users[at] - start, asked.indices[at]]
        evaluated(len(some))
    if not np.isfinite(scores).all():
        user = holdout.users[rows[users[~np.isfinite(scores)][0]]]
        raise ColdbenchError(
            f"{type(method).__name__} returned a score that is not finite in task {name} for user "
            f"{user} (dataset index)"
        )
    return LabelledPairs(
        users,
        asked.data > 0,
        scores.astype(np.float64),
        _find_probabilities(method, scores),
        len(rows),
    )


def _label(holdout: Holdout) -> CSR:
    """Return the held-out pairs: 1 of the truth, -1 of the negatives."""
    if holdout.negatives is None:
        raise ColdbenchError(
            "a task of a scenario with task=click has no negatives; give its Holdout some"
        )
    return csr_matrix(holdout.truth - holdout.negatives)


def _find_probabilities(method: Any, scores: FloatArray) -> DoubleArray | None:
    """Return the probability of a yes behind each score, of a method that tells it."""
    tell = getattr(method, "click_probability", None)
    return None if tell is None else np.asarray(tell(scores), dtype=np.float64)


def _result(
    task: str, holdout: Holdout, pairs: LabelledPairs, settings: EvaluationSettings, seed: int
) -> TaskResult:
    rows = np.flatnonzero(np.diff(holdout.truth.indptr))
    if not pairs.n:
        return TaskResult({}, {}, holdout.users[rows], {}, None)
    groups = group_users(holdout.query.users.take(rows)) if settings.slices else {}
    draw = crc32(task.encode(), seed % 2**32)
    per_user = {"auc_users": areas_by_user(pairs)}
    scores = {"auc_pairs": _pooled_area(pairs, settings.bootstrap, draw)}
    if pairs.probability is not None:
        scores |= _judge_decisions(pairs, pairs.probability, settings.bootstrap, draw)
    means, slices = estimate(per_user, {}, groups, per_user, settings.bootstrap, draw)
    return TaskResult(scores | means, slices, holdout.users[rows], per_user, None)


def _pooled_area(pairs: LabelledPairs, resamples: int, seed: int) -> Estimate:
    mean = pooled_areas(pairs, np.ones((1, pairs.n)))
    draws = [pooled_areas(pairs, counts) for counts in draw_resamples(pairs.n, resamples, seed)]
    low, high = percentile_interval(np.concatenate(draws or [mean])[:, None], mean)
    return Estimate(float(mean[0]), float(low[0]), float(high[0]), pairs.n)


def _judge_decisions(
    pairs: LabelledPairs, probability: DoubleArray, resamples: int, seed: int
) -> dict[str, Estimate]:
    """Return F1 and accuracy of saying yes from a probability of one half on."""
    said = probability >= 0.5
    counted = {"hits": said & pairs.liked, "wrong": said != pairs.liked, "pairs": said | True}
    sums = {
        name: np.bincount(pairs.users, one, pairs.n).astype(np.float64)
        for name, one in counted.items()
    }
    # F1 = 2 TP / (2 TP + FP + FN), 0 where nothing is said and nothing is true.
    resampled = Resampled.of(sums, resamples, seed)
    f1 = resampled.derived(
        ["hits", "wrong"],
        lambda m: 2 * m[:, 0] / np.maximum(2 * m[:, 0] + m[:, 1], 1e-300),
        pairs.n,
    )
    right = resampled.derived(["wrong", "pairs"], lambda m: 1 - m[:, 0] / m[:, 1], pairs.n)
    return {"f1_pairs": f1, "accuracy_pairs": right}
