"""The choices of a scenario, and which of their values are nonsense."""

import math
from collections.abc import Sequence
from enum import Enum
from itertools import pairwise
from numbers import Integral
from typing import TypeVar

from ..errors import SplitError

Choice = TypeVar("Choice", bound=Enum)


class Strategy(str, Enum):
    """How a split decides who is cold and what is hidden."""

    RANDOM = "random"
    TEMPORAL = "temporal"
    PUBLISHED = "published"


class Task(str, Enum):
    """What is measured: the ranking of positives, ratings, or yes and no of held-out pairs."""

    RANKING = "ranking"
    RATING = "rating"
    CLICK = "click"


class PublishedFormat(str, Enum):
    """Whose split files are read."""

    ALDI = "aldi"
    HEATER = "heater"


def parse_choice(name: str, kind: type[Choice], value: object) -> Choice:
    """Return the member of an enum that a member or its value stands for."""
    try:
        return kind(value)
    except ValueError as error:
        offered = ", ".join(str(member.value) for member in kind)
        raise SplitError(f"{name}={value!r} is none of: {offered}") from error


def check_seed(seed: int) -> int:
    """Return the seed as a Python int; refuse what is not a whole number from 0 up."""
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise SplitError(f"seed={seed!r} is not a whole number from 0 up; use for example seed=0")
    return int(seed)


def check_fractions(train: float, validation: float, test: float) -> None:
    """Refuse fractions of the warm pairs that do not add up to 1."""
    if not math.isclose(train + validation + test, 1.0, abs_tol=1e-9):
        raise SplitError(
            f"train_fraction={train}, validation_fraction={validation} and test_fraction={test} "
            f"add up to {train + validation + test:g}; they must add up to 1, as 0.8, 0.1 and 0.1"
        )


def check_quantiles(quantiles: Sequence[float]) -> None:
    """Refuse anything but two increasing quantiles."""
    if len(quantiles) != 2 or not quantiles[0] < quantiles[1]:
        raise SplitError(
            f"quantiles={list(quantiles)} are not two increasing shares between 0 and 1; "
            "use for example [0.8,0.9]"
        )


def check_shots(name: str, shots: Sequence[int]) -> None:
    """Refuse shots that are not whole numbers, or empty, unsorted or repeated."""
    whole = all(isinstance(k, Integral) and not isinstance(k, bool) for k in shots)
    increasing = whole and all(a < b for a, b in pairwise(shots))
    if not len(shots) or not increasing:
        raise SplitError(
            f"{name}={list(shots)} are not increasing whole numbers from 0 up; "
            "use for example [0,1,5,10]"
        )
