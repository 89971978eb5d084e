"""Measure a fitted method as its scenario asks: lists, ratings, or yes and no of pairs."""

from typing import Any

from ...datasets.progress import Progress, ignore_progress
from ...datasets.protocol.settings import Task
from ...datasets.world import Split
from .clicks import evaluate_clicks
from .evaluate import evaluate
from .rating import evaluate_ratings
from .task_result import EvaluationSettings, TaskResult


def measure(
    method: Any,
    split: Split,
    task: Task,
    settings: EvaluationSettings,
    *,
    seed: int,
    threads: int = 1,
    save_rankings: int = 0,
    progress: Progress = ignore_progress,
) -> dict[str, TaskResult]:
    """Return the values of every test task.

    Parameters
    ----------
    method
        A fitted method.
    task
        What its scenario asks for.
    settings, seed, threads, progress
        As for ``evaluate``.
    save_rankings
        Depth of the ranked lists to keep; 0 keeps none.
    """
    if task is Task.RANKING:
        return evaluate(
            method,
            split.test,
            split.train,
            settings,
            seed=seed,
            threads=threads,
            save_rankings=save_rankings,
            progress=progress,
        )
    of_pairs = evaluate_ratings if task is Task.RATING else evaluate_clicks
    return of_pairs(method, split.test, settings, seed=seed, threads=threads, progress=progress)
