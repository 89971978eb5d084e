"""What is searched of a method: its fields with a range, and points of that space."""

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar, get_args, get_type_hints

import numpy as np

from ...datasets.errors import ColdbenchError
from ...datasets.parameters import Choices, Range, check_parameters

T = TypeVar("T")


@dataclass(frozen=True)
class Dimension:
    """One searched field.

    Attributes
    ----------
    name
        The field.
    search
        Its range or choices.
    integer
        Whether a range holds whole numbers only.
    """

    name: str
    search: Range | Choices
    integer: bool = False

    def contains(self, value: Any) -> bool:
        """Say whether a value could be drawn."""
        if isinstance(self.search, Choices):
            return value in self.search.values
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and self.search.low <= value <= self.search.high

    def at(self, share: float) -> Any:
        """Return the value at a place between 0 (included) and 1 (excluded) of the range."""
        if isinstance(self.search, Choices):
            values = self.search.values
            return deepcopy(values[min(int(share * len(values)), len(values) - 1)])
        low, high = float(self.search.low), float(self.search.high)
        if self.integer:
            low, high = low - 0.5, high + 0.5
        if self.search.log:
            low = max(low, 0.5) if self.integer else low
            value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        else:
            value = low + share * (high - low)
        if not self.integer:
            return value
        return int(min(max(round(value), self.search.low), self.search.high))


def list_dimensions(method: Any, fixed: Sequence[str] = ()) -> list[Dimension]:
    """Return the fields of a method class or instance that have a range, in their order.

    Parameters
    ----------
    method
        A dataclass or an instance of one.
    fixed
        Fields that are not searched.
    """
    whole = list_whole_numbers(method)
    return [
        Dimension(one.name, one.metadata["search"], one.name in whole)
        for one in fields(method)
        if one.metadata.get("search") is not None and one.name not in fixed
    ]


def list_whole_numbers(method: Any) -> set[str]:
    """Return the fields that hold an int, or an int or None."""
    hints = get_type_hints(method if isinstance(method, type) else type(method))
    return {name for name, hint in hints.items() if hint is int or int in get_args(hint)}


def sample_settings(dimensions: Sequence[Dimension], count: int, seed: int) -> list[dict[str, Any]]:
    """Return points that fill the space evenly: a scrambled Halton sequence.

    More points begin with the same ones, so that a search can be continued.

    Parameters
    ----------
    dimensions
        At least one.
    count
        How many points.
    seed
        Of the scrambling.
    """
    from scipy.stats import qmc

    places = qmc.Halton(len(dimensions), rng=np.random.default_rng(seed)).random(count)
    return [
        {one.name: one.at(float(share)) for one, share in zip(dimensions, row, strict=True)}
        for row in places
    ]


def apply_settings(method: T, settings: Mapping[str, Any]) -> T:
    """Return an unfitted copy of a method with other settings.

    Raises
    ------
    ColdbenchError
        For a value out of the bounds of its field.
    """
    made: Any = replace(deepcopy(method), **deepcopy(dict(settings)))  # type: ignore[type-var]
    check_parameters(made, "method")
    return made  # type: ignore[no-any-return]


def require_dimensions(method: Any, dimensions: Sequence[Dimension]) -> None:
    """Refuse a search of nothing.

    Raises
    ------
    ColdbenchError
        With the fields that there are.
    """
    if dimensions:
        return
    owner = type(method).__name__
    names = [one.name for one in fields(method)]
    if not names:
        raise ColdbenchError(f"{owner} has no fields, so there is nothing to tune")
    raise ColdbenchError(
        f"{owner} has no field left to search; give a range of your own, such as "
        f"search.{names[0]}='interval(1,10)' or search.{names[0]}='choice(1,2,3)'; its fields are: "
        f"{', '.join(names)}"
    )
