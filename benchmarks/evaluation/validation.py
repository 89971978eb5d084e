"""What a method learns of the validation tasks while it fits, measured by the evaluation engine."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ...datasets.arrays import DoubleArray, FloatArray
from ...datasets.dataset import Dataset
from ...datasets.errors import NoValidationError
from ...datasets.protocol.settings import Task
from ...datasets.validation_score import ValidationScore
from ...datasets.world import Holdout, Query, Resources, Split
from ...methods.base import FactorMethod
from .asked_task import find_task
from .bootstrap import user_means
from .clicks import pooled_auc
from .metrics import BUILT_IN, NDCG
from .ranking import RankingPass
from .rating import demand_predictor, pooled_rmse
from .score_blocks import EncodedCandidates, FunctionMethod, rank_task
from .task_result import EvaluationSettings

CUTOFF = 10
PLACE = BUILT_IN.index(NDCG)


def split(data: Dataset, scenario: Any, seed: int, resources: Resources | None = None) -> Split:
    """Cut a dataset by a scenario and attach ``train.validate``.

    Parameters
    ----------
    data
        A loaded dataset.
    scenario
        What cuts it.
    seed
        Seed of every random choice of the split, and of the training data.
    resources
        Threads and device of the method.
    """
    made: Split = scenario.split(data, seed)
    if resources is not None:
        made = replace(made, train=replace(made.train, resources=resources))
    return with_validation(made, scenario)


def with_validation(split: Split, scenario: Any) -> Split:
    """Return the split whose ``train.validate`` measures a method on the validation tasks.

    Parameters
    ----------
    split
        As the scenario made it; its threads are those of the measurement.
    scenario
        Its ``validates`` says which tasks count, all where it has none, and its ``task`` what
        is measured. Where no task of a group counts (``warm``, mostly), they are measured
        and do not move the mean.
    """
    counts = getattr(scenario, "validates", lambda name: True)
    asked = {name: one for name, one in split.validation.items() if one.truth.nnz}
    tasks = {name: one for name, one in asked.items() if counts(name)}
    groups = {group_of(one) for one in tasks.values()}
    # A group none of whose tasks counts is measured too: a network keeps weights for it.
    others = {name: one for name, one in asked.items() if group_of(one) not in groups}
    train = split.train
    validate = Validation(
        tasks, int(train.seed), find_task(scenario), train.resources.threads, others
    )
    return replace(split, train=replace(train, validate=validate))


@dataclass(frozen=True)
class Validation:
    """Called with a fitted method, returns its score on the validation tasks.

    It keeps nothing between two calls and draws nothing: the same method has the same score.

    Attributes
    ----------
    tasks
        The validation tasks that count, by name.
    seed
        Seed of the tie-break hash.
    task
        What is measured: NDCG@10; of ratings minus the root mean squared error; of clicks the area
        under the ROC curve of all pairs.
    threads
        Threads of the measurement; they change no result.
    others
        Tasks that are measured for their groups and do not count.
    """

    tasks: Mapping[str, Holdout]
    seed: int
    task: Task = Task.RANKING
    threads: int = 1
    others: Mapping[str, Holdout] = field(default_factory=dict)

    def __call__(self, method: Any) -> ValidationScore:
        """Return the mean over the tasks that count, each with equal weight, with all parts.

        Parameters
        ----------
        method
            A fitted method, or a function from a ``Query`` to float32 scores. Each task is
            answered by its ``for_group``.

        Raises
        ------
        ColdbenchError
            For scores that are not finite, not float32 or of the wrong shape, or when no task has
            users.
        """
        if not self.tasks:
            raise NoValidationError(
                "the validation slice is empty: no cold validation entity has enough interactions; "
                "use more data, fewer shots or a larger cold_fraction"
            )
        tasks = {**self.tasks, **self.others}
        measures = {Task.RATING: self._errors, Task.CLICK: self._areas}
        found = dict(measures.get(self.task, self._ndcg)(method, tasks))
        groups: dict[str, list[float]] = {}
        for name, value in found.items():
            groups.setdefault(group_of(tasks[name]), []).append(value)
        means = {name: float(np.mean(values)) for name, values in groups.items()}
        return ValidationScore(found, means, self.tasks)

    def _ndcg(self, method: Any, tasks: Mapping[str, Holdout]) -> Iterator[tuple[str, float]]:
        scorer = FunctionMethod.of(method)
        candidates = EncodedCandidates(scorer, tasks.values())
        for name, task in tasks.items():
            with threadpool_limits(1 if isinstance(scorer, FactorMethod) else self.threads):
                one, encoded = candidates.take(task)
                what = f"{name} of the validation"
                block, threads = EvaluationSettings.block, self.threads
                values = _accuracies(
                    one, what, task, encoded, self.seed, block=block, threads=threads
                )
            yield name, float(user_means(values)[PLACE])

    def _errors(self, method: Any, tasks: Mapping[str, Holdout]) -> Iterator[tuple[str, float]]:
        demand_predictor(method)
        for name, task in tasks.items():
            with threadpool_limits(self.threads):
                yield name, -pooled_rmse(method, name, task)

    def _areas(self, method: Any, tasks: Mapping[str, Holdout]) -> Iterator[tuple[str, float]]:
        scorer = FunctionMethod.of(method)
        for name, task in tasks.items():
            with threadpool_limits(self.threads):
                yield name, pooled_auc(scorer, f"{name} of the validation", task)


def ndcg_per_user(score: Callable[[Query], FloatArray], task: Holdout, seed: int) -> DoubleArray:
    """Return float64, (users with truth,): NDCG@10 of each user of one task.

    Parameters
    ----------
    score
        Returns the float32 scores of the whole query, which it is asked at once.
    seed
        Seed of the tie-break hash.
    """
    scorer, users = FunctionMethod(score), max(1, len(task.users))
    return _accuracies(scorer, "a task", task, task.query.items, seed, block=users)[:, PLACE]


def _accuracies(
    method: Any, name: str, task: Holdout, encoded: Any, seed: int, *, block: int, threads: int = 1
) -> DoubleArray:
    """Return float64, (users with truth, built-in metrics): each at the cut-off."""
    run = RankingPass(name, task, [CUTOFF], CUTOFF, seed, auc=False)
    return rank_task(method, run, encoded, block=block, threads=threads).values[:, 0]


def group_of(task: Holdout) -> str:
    """Return who is cold in a task: ``new_item``, ``new_user``, ``both``, or else ``warm``."""
    return task.query.group
