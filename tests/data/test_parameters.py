from dataclasses import dataclass, field
from enum import Enum

import pytest
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.parameters import check_parameters, parameter


class Kind(Enum):
    ONE = 1


@dataclass
class Layer:
    width: int = parameter(8, "units", minimum=1, maximum=512)
    kind: Kind = parameter(Kind.ONE, "an enum has no bounds", minimum=0)  # noqa: RUF009


@dataclass
class Tower:
    first: Layer = field(default_factory=Layer)
    layers: list[Layer] = field(default_factory=lambda: [Layer(), Layer()])
    by_side: dict[str, Layer] = field(default_factory=lambda: {"user": Layer()})
    rates: dict[str, float] = field(
        default_factory=lambda: {"user": 0.1}, metadata={"minimum": 0, "maximum": 1}
    )
    sizes: list[int] = parameter([4, 4], "sizes", minimum=1)  # noqa: RUF009
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
