"""`coldbench check` on datasets and scenarios of a plugin, and on a method with settings."""

from collections.abc import Callable
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.conformance.request import CheckRequest, parse_requests
from coldbench.datasets.errors import ColdbenchError

CODE = '''
import os
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.sparse import csr_matrix

from coldbench.datasets.arrays import make_read_only
from coldbench.datasets.protocol.scenarios import NewItem
from coldbench.datasets.side_information import FeatureColumn, Provenance
from coldbench.datasets.sources.planted.source import Planted
from coldbench.methods.base import Family, Method
from coldbench.datasets.parameters import parameter


@dataclass
class Fame(Planted):
    """Says of every item how often it was chosen."""

    def load(self):
        data = super().load()
        counts = np.bincount(data.interactions.items, minlength=len(data.item_ids))
        column = make_read_only(csr_matrix(counts.astype(np.float32)[:, None]))
        fame = FeatureColumn("fame", Provenance.INTRINSIC, column, ("",), numeric=True)
        return replace(data, items=replace(data.items, columns=(*data.items.columns, fame)))


@dataclass
class Clean(Planted):
    """A planted dataset under another name."""


@dataclass
class Ends(Planted):
    """Ends the process while it loads."""

    def load(self):
        os._exit(3)


@dataclass
class CountsAll(NewItem):
    """Draws its seed from the number of all interactions."""

    def split(self, data, seed, *rest):
        return super().split(data, seed + len(data.interactions))


@dataclass
class Weighted(Method):
    """The same score for everything, which a setting can spoil.

    Source: none.
    Differs: nothing.
    """

    family: ClassVar[Family] = Family.REFERENCE
    weight: float = parameter(1.0, "of every score")

    @classmethod
    def small(cls):
        return cls(weight=2.0)

    def fit(self, train):
        self.users_ = len(train.users)
        return self

    def score_block(self, users, items):
        self.fitted("users_")
        return np.full((len(users), len(items)), self.weight, dtype=np.float32)

    def report(self):
        return {"users": self.users_, "weight": self.weight}
'''
ENTRIES = """
[coldbench.methods]
weighted = coldbench_kinds:Weighted
twofold = coldbench_kinds:Weighted
[coldbench.datasets]
fame = coldbench_kinds:Fame
clean = coldbench_kinds:Clean
ends = coldbench_kinds:Ends
twofold = coldbench_kinds:Clean
[coldbench.scenarios]
counts_all = coldbench_kinds:CountsAll
"""
SMALL = ("dataset.n_users=120", "dataset.n_items=100")


@pytest.fixture
def kinds(install: Callable[..., None], workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of every kind, and a wide terminal."""
    install("kinds", ENTRIES, coldbench_kinds=CODE)
    monkeypatch.setenv("COLUMNS", "300")


Rows = Callable[..., tuple[int, dict[str, str], str]]


@pytest.fixture
def check(kinds: None, capsys: pytest.CaptureFixture[str]) -> Rows:
    """Run the command; return its status, the row of each check, and everything it printed."""

    def run(*words: str) -> tuple[int, dict[str, str], str]:
        status = cli.main(["check", *words])
        out = capsys.readouterr()
        rows = {line.split()[0]: line for line in out.out.splitlines() if line.strip()}
        return status, rows, out.out + out.err

    return run


def test_a_clean_dataset_conforms(check: Rows) -> None:
    status, rows, output = check("clean", *SMALL)
    assert status == 0, output
    assert "120 users x 100 items" in rows["loads"] and "passed" in rows["splits_are_clean"]
    assert "nothing moves in grid" in rows["cold_entities_move_nothing"]


def test_a_leaky_dataset_is_found(check: Rows) -> None:
    status, rows, output = check("fame", *SMALL)
    assert status == 1, output
    assert "failed" in rows["splits_are_clean"] and "'fame' follows the number" in output
    assert "passed" in rows["cold_entities_move_nothing"]


def test_a_leaky_scenario_is_found_on_the_dataset_that_is_asked_for(check: Rows) -> None:
    status, rows, output = check("counts_all", "dataset=planted", *SMALL)
    assert status == 1, output
    assert "failed" in rows["cold_entities_move_nothing"]
    assert "planted: cold_interactions" in rows["cold_entities_move_nothing"]
    assert "movietweetings" not in output


def test_a_dataset_that_ends_its_process_has_failed_and_stops_nobody(check: Rows) -> None:
    status, _, output = check("ends", "clean", *SMALL)
    assert status == 1 and "1 of 2 datasets conform; not: ends" in output
    assert "ended with exit code 3" in output


def test_a_method_is_tried_with_the_settings_that_are_asked_for(check: Rows) -> None:
    assert check("weighted")[0] == 0
    status, rows, output = check("weighted", "method.weight=nan")
    assert status == 1, output
    assert "NaN" in rows["scores_well_formed"]


def test_a_setting_that_is_typed_wins_over_the_cheap_form(kinds: None) -> None:
    from coldbench.benchmarks.conformance.subjects import list_checks

    found = {}
    for words in ((), ("method.weight=1.0",)):
        (_, subject), *_ = list_checks(CheckRequest("method", "weighted", words))
        found[words] = subject.build().weight  # type: ignore[attr-defined]
    assert found == {(): 2.0, ("method.weight=1.0",): 1.0}


def test_a_method_is_tried_on_the_data_and_the_split_that_are_asked_for(check: Rows) -> None:
    words = ("dataset=clean", *SMALL, "scenario=new_item", "seed=3")
    status, rows, output = check("weighted", *words)
    assert status == 0, output
    assert "the split has no task new_user/warm/k=0" in rows["new_user_without_identity"]
    assert "chance" in rows["undeclared_items_at_chance"], "this examines the planted dataset"
    assert " ".join(("weighted", *words)) in output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("twofold",), "a method and a dataset; write check method=twofold or check dataset=twof"),
        (("grids",), "no method, dataset or scenario 'grids'; did you mean grid"),
        (("clean", "method.weight=1"), "examined without a method"),
        (("clean", "dataset.n_usres=1"), "did you mean dataset.n_users"),
        (("clean", "dataset=planted"), "leave out dataset="),
        (("weighted", "threads=2"), "words of method, dataset, scenario and seed, not 'threads=2'"),
        (("weighted", "dataset=nowhere"), "no dataset 'nowhere'"),
        (("weighted", "dataset=files"), "dataset.interactions"),
        (("content_knn", "dataset=citeulike-a"), "is not on this machine"),
        (("seed=1",), "needs the name of a method, dataset or scenario"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(check: Rows, words: tuple[str, ...], said: str) -> None:
    status, _, message = check(*words)
    assert status == 2 and said in message


@pytest.mark.parametrize(
    ("words", "kind", "name", "left"),
    [
        (["dataset=twofold"], "dataset", "twofold", ()),
        (["method=twofold", "dataset=clean"], "method", "twofold", ("dataset=clean",)),
        (["scenario=grid", "dataset=clean", "seed=2"], "scenario", "grid",
         ("dataset=clean", "seed=2")),
        (["clean", "scenario=grid"], "dataset", "clean", ("scenario=grid",)),
        (["method=content_knn_bm25"], "method", "content_knn_bm25", ()),
    ],
)  # fmt: skip
def test_what_is_examined_and_with_what(
    kinds: None, words: list[str], kind: str, name: str, left: tuple[str, ...]
) -> None:
    assert parse_requests(words) == [CheckRequest(kind, name, left)]


def test_several_can_be_named_at_once(kinds: None) -> None:
    assert [one.title for one in parse_requests(["method=random,popularity", "seed=1"])] == [
        "random seed=1",
        "popularity seed=1",
    ]
    with pytest.raises(ColdbenchError, match="did you mean"):
        parse_requests(["method=random,popularty"])
