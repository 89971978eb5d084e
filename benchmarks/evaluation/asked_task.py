"""What a scenario asks for."""

from enum import Enum
from typing import Any

from ...datasets.protocol.settings import Task


def find_task(scenario: Any) -> Task:
    """Return what a scenario asks for; one that does not say so asks for ranked lists."""
    task = getattr(scenario, "task", Task.RANKING)
    value = task.value if isinstance(task, Enum) else task
    return next((one for one in Task if one.value == value), Task.RANKING)


def is_rating(scenario: Any) -> bool:
    """Say whether a scenario asks for ratings."""
    return find_task(scenario) is Task.RATING
