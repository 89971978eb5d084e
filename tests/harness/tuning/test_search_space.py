"""What is searched of a method, and the points that are drawn."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest
from coldbench.benchmarks.tuning.search_space import (
    apply_settings,
    list_dimensions,
    require_dimensions,
    sample_settings,
)
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.parameters import Choices, Range, parameter


class Kind(str, Enum):
    FIRST = "first"
    SECOND = "second"


@dataclass
class Searched:
    """Every kind of field."""

    size: int = parameter(8, "a whole number", minimum=1, search=Range(4, 64, log=True))
    few: int | None = parameter(None, "whole or none", search=Range(0, 2))
    rate: float = parameter(0.1, "a number", above=0, search=Range(1e-4, 1.0, log=True))
    share: float = parameter(0.5, "a share", search=Range(0.0, 1.0))
    kind: Kind = parameter(Kind.FIRST, "a choice", search=Choices(tuple(Kind)))
    layers: list[int] = parameter([3], "a list", search=Choices(([], [3], [4, 2])))
    kept: int = parameter(1, "not searched")


@dataclass
class Bare:
    """No range at all."""

    size: int = 3
    names: list[str] = field(default_factory=list)


def test_dimensions_are_the_fields_with_a_range_and_not_fixed() -> None:
    names = [one.name for one in list_dimensions(Searched())]
    assert names == ["size", "few", "rate", "share", "kind", "layers"]
    assert [one.name for one in list_dimensions(Searched, fixed=["rate", "kind"])] == [
        "size", "few", "share", "layers",
    ]  # fmt: skip


def test_points_stay_in_their_ranges_and_reach_both_ends() -> None:
    points = sample_settings(list_dimensions(Searched()), 400, 0)
    assert {type(one["size"]) for one in points} == {int}
    sizes = [one["size"] for one in points]
    assert min(sizes) == 4 and max(sizes) == 64
    assert {one["few"] for one in points} == {0, 1, 2}
    assert all(1e-4 <= one["rate"] <= 1.0 for one in points)
    # A log range has as many points in every decade.
    assert sum(one["rate"] < 1e-2 for one in points) == pytest.approx(200, abs=15)
    assert {one["kind"] for one in points} == set(Kind)
    assert {tuple(one["layers"]) for one in points} == {(), (3,), (4, 2)}


def test_more_points_begin_with_the_same() -> None:
    dimensions = list_dimensions(Searched())
    assert sample_settings(dimensions, 30, 5)[:7] == sample_settings(dimensions, 7, 5)
    assert sample_settings(dimensions, 7, 6) != sample_settings(dimensions, 7, 5)


def test_settings_change_a_copy_and_keep_the_bounds() -> None:
    before = Searched()
    layers = [4, 2]
    after: Any = apply_settings(before, {"size": 16, "layers": layers})
    assert (after.size, after.layers, before.size, before.layers) == (16, [4, 2], 8, [3])
    after.layers.append(1)
    assert layers == [4, 2]
    with pytest.raises(ColdbenchError, match=r"method\.size = 0 must be at least 1"):
        apply_settings(before, {"size": 0})


def test_a_method_without_a_range_is_refused_with_its_fields() -> None:
    with pytest.raises(ColdbenchError, match=r"Bare has no field left.*size, names") as caught:
        require_dimensions(Bare(), list_dimensions(Bare()))
    assert "search.size='interval(1,10)'" in str(caught.value)


def test_what_a_default_lies_outside_of_is_known() -> None:
    by_name = {one.name: one for one in list_dimensions(Searched())}
    assert by_name["size"].contains(8) and not by_name["size"].contains(2)
    assert not by_name["few"].contains(None)
    assert by_name["layers"].contains([3]) and not by_name["layers"].contains([5])
