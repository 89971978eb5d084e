"""A run audits its split: what leaks is in the record, in the log and on the line of the run."""

import logging
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import RunConfig, compose_run
from coldbench.benchmarks.conformance.audits import split_audit
from coldbench.benchmarks.plugins.registry import list_offers
from coldbench.benchmarks.records.record import RunRecord, Status, read_all
from coldbench.benchmarks.runs import kept_splits
from coldbench.benchmarks.runs.execute import execute

Tiny = Callable[..., RunConfig]
CODE = '''
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from coldbench.datasets.arrays import make_read_only
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.side_information import FeatureColumn, Provenance
from coldbench.datasets.sources.planted.source import Planted

WARM = "warm/warm/k=0"


@dataclass
class TrainsOnTest(Grid):
    """Hands the test pairs of warm users to the method."""

    def split(self, data, seed, *rest):
        made = super().split(data, seed, *rest)
        task, pairs = made.test[WARM], made.train.interactions
        at = task.truth.tocoo()
        users = np.append(pairs.users, task.query.users.known[at.row]).astype(np.int32)
        items = np.append(pairs.items, task.query.items.known[at.col]).astype(np.int32)
        values = np.append(pairs.values, at.data).astype(np.float32)
        grown = Interactions(users, items, values, None, pairs.n_users, pairs.n_items)
        return replace(made, train=replace(made.train, interactions=grown))


@dataclass
class OutOfShape(Grid):
    """Names too few users in its training data."""

    def split(self, data, seed, *rest):
        made = super().split(data, seed, *rest)
        return replace(made, users=made.users[:5])


@dataclass
class Permissive(TrainsOnTest):
    """Grants itself what it does."""

    exempt = {"training_has_no_truth": "because I say so"}


@dataclass
class Writable(Grid):
    """Forgets to forbid writing, which the harness makes good."""

    def split(self, data, seed, *rest):
        made = super().split(data, seed, *rest)
        items = replace(made.train.items, features=made.train.items.features.copy())
        return replace(made, train=replace(made.train, items=items))


@dataclass
class Fame(Planted):
    """Says of every item how often it was chosen."""

    def load(self):
        data = super().load()
        counts = np.bincount(data.interactions.items, minlength=len(data.item_ids))
        column = make_read_only(csr_matrix(counts.astype(np.float32)[:, None]))
        fame = FeatureColumn("fame", Provenance.INTRINSIC, column, ("",), numeric=True)
        return replace(data, items=replace(data.items, columns=(*data.items.columns, fame)))
'''
ENTRIES = """
[coldbench.datasets]
fame = coldbench_leaky:Fame
[coldbench.scenarios]
trains_on_test = coldbench_leaky:TrainsOnTest
out_of_shape = coldbench_leaky:OutOfShape
writable = coldbench_leaky:Writable
permissive = coldbench_leaky:Permissive
"""


@pytest.fixture
def leaky(install: Callable[..., None]) -> None:
    """A package with scenarios and a dataset that leak."""
    install("leaky", ENTRIES, coldbench_leaky=CODE)


def test_a_clean_split_has_no_findings(tiny: Tiny) -> None:
    assert execute(tiny()).record.findings == []


def test_a_leaky_scenario_is_in_the_record_and_in_the_log_and_the_run_goes_on(
    tiny: Tiny, leaky: None, caplog: pytest.LogCaptureFixture
) -> None:
    record = execute(tiny("random", "scenario=trains_on_test")).record
    assert record.status is Status.OK and record.scores
    (first, *_) = record.findings
    assert first.startswith("training_has_no_truth: ") and "true pairs of test warm/warm" in first
    message = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    (line,) = [one for one in message if one.startswith("the split leaks: ")]
    assert line.endswith("; see docs/conformance.md") and first in line


def test_a_leaky_dataset_is_told_on_the_lines_of_a_sweep(
    workplace: Path, fakes: None, leaky: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["run", "-m", "method=random,by_index", *words, "dataset=fame", "dataset.n_users=200"]
    assert cli.main(argv) == 0
    lines = [one for one in capsys.readouterr().out.splitlines() if one.startswith("[")]
    assert len(lines) == 2 and all("the split leaks: columns_are_not_int" in one for one in lines)
    for record in read_all(Path("results")):
        assert isinstance(record, RunRecord)
        assert "'fame' follows the number of interactions" in record.findings[0]
    assert cli.main(argv) == 0
    lines = [one for one in capsys.readouterr().out.splitlines() if one.startswith("[")]
    assert all("skipped" in one and "the split leaks" in one for one in lines)


def test_a_split_that_the_audit_cannot_look_at_says_so(tiny: Tiny, leaky: None) -> None:
    record = execute(tiny("random", "scenario=out_of_shape")).record
    assert any("the split could not be looked at: IndexError" in one for one in record.findings)


def test_a_plugin_cannot_exempt_itself(tiny: Tiny, leaky: None) -> None:
    record = execute(tiny("random", "scenario=permissive")).record
    assert record.findings[0].startswith("training_has_no_truth: ")


def test_arrays_that_the_harness_seals_are_no_finding(tiny: Tiny, leaky: None) -> None:
    assert execute(tiny("random", "scenario=writable")).record.findings == []


def test_a_split_is_audited_once_however_many_methods_run_on_it(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def looking(split: object, data: object, scenario: object) -> list[str]:
        looked.append("once")
        return ["a leak"]

    monkeypatch.setattr(kept_splits, "find_leaks", looking)
    made = [execute(tiny(name)) for name in ("by_index", "random", "popularity")]
    assert looked == ["once"] and all(one.record.findings == ["a leak"] for one in made)
    execute(tiny("random", "seed=1"))
    assert len(looked) == 2
    assert execute(tiny("random", "seed=1")).skipped and len(looked) == 2


def test_an_audit_that_hangs_is_a_finding(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    def hanging(*parts: object) -> list[str]:
        while True:
            pass

    monkeypatch.setattr(kept_splits, "find_leaks", hanging)
    record = execute(tiny("random", "time_limit=3")).record
    assert (
        record.status is Status.OK
        and "the audit of the split came to no end" in (record.findings[0])
    )


@pytest.mark.parametrize("strategy", ["random", "temporal"])
@pytest.mark.parametrize(
    ("dataset", "task"),
    [
        *product(["movietweetings", "planted"], ["ranking", "rating"]),
        ("planted", "click"),  # those of movietweetings are in tests/protocol/test_click_tasks.py
    ],
)
def test_no_false_alarm_on_our_own_scenarios(dataset: str, strategy: str, task: str) -> None:
    ours = [
        name for name, one in list_offers("scenarios").items() if one.distribution == "coldbench"
    ]
    run = compose_run(["method=random", f"dataset={dataset}"])
    data = run.dataset.load()
    for name in ours:
        words = [f"scenario={name}", f"scenario.strategy={strategy}", f"scenario.task={task}"]
        if name == "new_item_gar" and task == "rating":
            continue
        if name == "periods":
            if strategy == "random":
                continue
            words.append("scenario.period=3")  # which has earlier periods
        if name == "transfer":
            if (dataset, strategy) == ("movietweetings", "temporal"):
                continue  # what is planted comes later than any of its pairs
            words.append(
                f"scenario.source={'planted' if dataset != 'planted' else 'movietweetings'}"
            )
        refused = {"click_through": ("rating",), "rated_queries": ("rating", "click")}
        if name in refused and (strategy == "temporal" or task in refused[name]):
            continue
        scenario = compose_run(["method=random", *words]).scenario
        assert split_audit.find_leaks(scenario.split(data, 0), data, scenario) == [], words
