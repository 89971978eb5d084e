from dataclasses import dataclass, field, fields
from enum import Enum

import pytest
from coldbench.datasets.errors import ColdbenchError, SplitError
from coldbench.datasets.parameters import bounds_of, check_parameters, parameter


class Kind(Enum):
    ONE = 1


@dataclass
class Layer:
    width: int = parameter(8, "units", minimum=1, maximum=512)
    kind: Kind = parameter(Kind.ONE, "an enum has no bounds", minimum=0)


@dataclass
class Tower:
    first: Layer = field(default_factory=Layer)
    layers: list[Layer] = field(default_factory=lambda: [Layer(), Layer()])
    by_side: dict[str, Layer] = field(default_factory=lambda: {"user": Layer()})
    rates: dict[str, float] = field(
        default_factory=lambda: {"user": 0.1}, metadata={"minimum": 0, "maximum": 1}
    )
    sizes: list[int] = parameter([4, 4], "sizes", minimum=1)
    kind: type = Layer


@dataclass
class Outer:
    tower: Tower = field(default_factory=Tower)
    label: str | None = parameter(None, "neither text nor None has bounds", minimum=3)


def test_what_lies_within_passes():
    check_parameters(Outer())
    check_parameters(Outer(label="a"))


@pytest.mark.parametrize(
    ("tower", "sentence"),
    [
        (Tower(first=Layer(0)), r"Outer\.tower\.first\.width = 0 must be at least 1"),
        (
            Tower(layers=[Layer(), Layer(1000)]),
            r"Outer\.tower\.layers\[1\]\.width = 1000 must be at most 512",
        ),
        (
            Tower(by_side={"item": Layer(-1)}),
            r"Outer\.tower\.by_side\['item'\]\.width = -1 must be at least 1",
        ),
        (Tower(rates={"item": 1.5}), r"Outer\.tower\.rates\['item'\] = 1\.5 must be at most 1"),
        (Tower(sizes=[4, 0]), r"Outer\.tower\.sizes\[1\] = 0 must be at least 1"),
        (Tower(rates={"item": float("nan")}), r"rates\['item'\] = nan must be at least 0"),
    ],
)
def test_what_lies_outside_is_refused_by_its_path(tower, sentence):
    with pytest.raises(ColdbenchError, match=sentence):
        check_parameters(Outer(tower))


@dataclass
class Split:
    share: float = parameter(0.5, "of the pairs", above=0, below=1)
    side: str = parameter("left", "where from", choices=("left", "right"))
    sides: list[str] = parameter(["left"], "all of them", choices=("left", "right"))
    limit: float | None = parameter(None, "seconds", minimum=0)
    tower: Tower = parameter(Tower(), "a tower of its own")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"share": 0.0}, "Split.share = 0.0 must be above 0"),
        ({"share": 1}, "Split.share = 1 must be below 1"),
        ({"share": float("nan")}, "Split.share = nan must be above 0"),
        ({"side": "middle"}, "Split.side = 'middle' must be one of: left, right"),
        ({"sides": ["left", "up"]}, "Split.sides[1] = 'up' must be one of: left, right"),
        ({"limit": -1}, "Split.limit = -1 must be at least 0"),
        ({"tower": Tower(first=Layer(0))}, "Split.tower.first.width = 0 must be at least 1"),
    ],
)
def test_open_bounds_and_choices_are_kept(given, sentence):
    check_parameters(Split())
    with pytest.raises(ColdbenchError) as error:
        check_parameters(Split(**given))
    assert str(error.value) == sentence


def test_the_path_begins_where_it_is_told_to_and_the_error_is_the_caller_s():
    with pytest.raises(SplitError, match=r"^scenario\.share = 0 must"):
        check_parameters(Split(share=0), "scenario", SplitError)
    with pytest.raises(ColdbenchError, match=r"^share = 0 must"):
        check_parameters(Split(share=0), "")


def test_every_instance_has_a_list_and_a_tower_of_its_own():
    one, two = Split(), Split()
    one.sides.append("right")
    one.tower.sizes.append(1)
    one.tower.first.width = 3
    assert two == Split()
    assert (two.sides, two.tower.sizes, two.tower.first.width) == (["left"], [4, 4], 8)


def test_bounds_are_told_in_words():
    told = {one.name: bounds_of(one.metadata) for one in fields(Split)}
    assert told == {
        "share": "above 0, below 1",
        "side": "left, right",
        "sides": "left, right",
        "limit": "at least 0",
        "tower": "",
    }
    assert bounds_of(fields(Layer)[0].metadata) == "at least 1, at most 512"
    assert bounds_of(fields(Tower)[0].metadata) == "", "declared without parameter"
