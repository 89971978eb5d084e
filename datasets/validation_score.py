"""What ``train.validate`` returns, and what stands there until the harness attaches it."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .errors import NoValidationError

GROUPS = ("new_item", "new_user", "both", "warm")
"""The groups of tasks, by who is cold in them."""


class ValidationScore(float):
    """The mean over the validation tasks that count, each with equal weight; higher is better.

    It is a float and nothing more wherever a float is wanted: it compares, averages, and is
    written to JSON as one.

    Parameters
    ----------
    tasks
        The score of each task, at least one.
    groups
        The mean score of each group of tasks.
    counted
        The tasks that the mean is over; by default all.

    Attributes
    ----------
    tasks
        NDCG@10 of each validation task by its name; minus RMSE in a rating task.
    groups
        The mean over the tasks of ``new_item``, ``new_user``, ``both`` and ``warm``, as far as
        there are tasks: which side of a task's queries is cold.
    counted
        Names of the tasks that the mean is over.
    """

    __slots__ = ("counted", "groups", "tasks")
    tasks: Mapping[str, float]
    groups: Mapping[str, float]
    counted: tuple[str, ...]

    def __new__(
        cls,
        tasks: Mapping[str, float],
        groups: Mapping[str, float],
        counted: Iterable[str] | None = None,
    ) -> "ValidationScore":
        """Take the mean, and keep copies that hold plain numbers alone."""
        names = tuple(map(str, tasks if counted is None else counted))
        made = super().__new__(cls, np.mean([tasks[name] for name in names]))
        made.counted = names
        made.tasks = {str(name): float(one) for name, one in tasks.items()}
        made.groups = {str(name): float(one) for name, one in groups.items()}
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return ValidationScore, (self.tasks, self.groups, self.counted)


def not_attached(method: Any) -> ValidationScore:
    """Refuse to validate: a split as its scenario makes it knows no metric.

    Raises
    ------
    NoValidationError
        Always, with what attaches ``validate``.
    """
    raise NoValidationError(
        "this split has no validate: a scenario cuts the data, and the harness attaches what "
        "measures a method on the validation tasks; make the split with split(data, scenario, "
        "seed) of coldbench.benchmarks.evaluation.validation"
    )
