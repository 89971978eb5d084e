"""Every setting that can be typed says what it is, and a value out of its bounds is refused."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import Enum

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.fields import Described, described
from coldbench.benchmarks.config.run_config import TRACKERS, RunConfig, compose_run
from coldbench.benchmarks.plugins.registry import KINDS, list_offers
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.parameters import Choices, Range, parameter
from coldbench.datasets.protocol.scenarios import Grid


def configurable() -> Iterator[tuple[str, type]]:
    for kind in KINDS:
        for name, offer in list_offers(kind).items():
            if offer.target is not None and offer.distribution == "coldbench":
                yield f"{kind} {name}", offer.target
    for name, tracker in TRACKERS.items():
        yield f"trackers {name}", tracker
    yield "run", RunConfig


@pytest.mark.parametrize(
    "kind",
    [
        "methods",
        "datasets",
        "scenarios",
        "metrics",
        "trackers",
        "run",
    ],
)
def test_every_field_of_every_class_says_what_it_is(kind: str) -> None:
    silent = [
        f"{name} {one.path}"
        for name, target in configurable()
        if name.split()[0] == kind
        for one in described(target)
        if not one.doc
    ]
    assert silent == []


def test_no_class_and_no_depth_is_overlooked() -> None:
    paths = {f"{name} {one.path}" for name, target in configurable() for one in described(target)}
    assert {
        "run evaluation.ks", "scenarios grid shots", "methods ease regularization",
        "datasets files columns", "datasets planted graph", "trackers wandb mode",
    } <= paths  # fmt: skip


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("seed=-1", "seed = -1 must be at least 0"),
        ("threads=0", "threads = 0 must be at least 1"),
        ("devices=0", "devices = 0 must be at least 1"),
        ("time_limit=-1", "time_limit = -1.0 must be at least 0"),
        ("evaluation.ks=[5,0]", "evaluation.ks[1] = 0 must be at least 1"),
        ("evaluation.ks=[]", "evaluation.ks = [] must hold a number from 1 up, as [10]"),
        ("evaluation.bootstrap=-1", "evaluation.bootstrap = -1 must be at least 0"),
        ("evaluation.block=0", "evaluation.block = 0 must be at least 1"),
        ("scenario.cold_fraction=1", "scenario.cold_fraction = 1.0 must be below 1"),
        ("scenario.quantiles=[0,0.5]", "scenario.quantiles[0] = 0.0 must be above 0"),
        ("scenario.shots=[-1]", "scenario.shots[0] = -1 must be at least 0"),
        ("dataset.k_core=-1", "dataset.k_core = -1 must be at least 0"),
        ("method.damping=-1", "method.damping = -1.0 must be at least 0"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_the_path_that_was_typed(
    word: str, message: str
) -> None:
    method = "method=kernel_ridge" if "method." in word else "method=popularity"
    with pytest.raises(ColdbenchError) as error:
        compose_run([method, word])
    assert str(error.value) == message


class Kind(Enum):
    ONE = "one"
    TWO = "two"


@dataclass
class Layer:
    width: int = parameter(8, "units", minimum=1, search=Range(4, 64, log=True))
    kind: Kind | None = parameter(None, "its kind", search=Choices((Kind.ONE, None)))


@dataclass
class Tower:
    first: Layer = parameter(Layer(), "the first layer")
    rate: float = parameter(0.5, "of what is left out", above=0, below=1)
    bare: int = field(default=1)


def test_nested_fields_are_described_behind_the_field_that_holds_them() -> None:
    assert list(described(Tower, {"first.width": "16"})) == [
        Described("first", "", "the first layer", "", ""),
        Described("first.width", "16", "units", "at least 1", "4 to 64 (log)"),
        Described("first.kind", "None", "its kind", "one, two", "one of one, None"),
        Described("rate", "0.5", "of what is left out", "above 0, below 1", ""),
        Described("bare", "1", "", "", ""),
    ]


def test_list_shows_meaning_bounds_and_choices(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "scenarios", "grid"]) == 0
    text = capsys.readouterr().out
    assert "random, temporal, published" in text and "above 0, below 1" in text
    assert all(f" {one.name} " in text for one in fields(Grid)) and " search" not in text
    assert cli.main(["list", "run"]) == 0
    text = capsys.readouterr().out
    rows = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert rows["dataset"].split()[1] == "movietweetings"
    assert "at least 1" in rows["evaluation.ks"] and "cut-offs of the ranked list" in text
    assert {one.name for one in fields(RunConfig)} <= set(rows)


def test_list_shows_trackers(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "trackers"]) == 0 and "Mirrors records" in capsys.readouterr().out
    assert cli.main(["list", "trackers", "wandb"]) == 0
    assert "offline, online" in capsys.readouterr().out
    assert cli.main(["list", "trackers", "wand"]) == 2
    assert "no tracker 'wand'; did you mean wandb?" in capsys.readouterr().err
    assert cli.main(["list", "run", "seed"]) == 2
    assert "its settings are shown by: coldbench list run" in capsys.readouterr().err
