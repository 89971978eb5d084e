"""One wrong dataset or scenario for every check of theirs; each must be caught by its check."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from coldbench.benchmarks.conformance.checks import dataset_suite, scenario_suite
from coldbench.benchmarks.conformance.checks.check_result import BROKEN, CheckResult, Verdict
from coldbench.benchmarks.conformance.checks.dataset_subject import (
    DatasetSubject,
    list_own_scenarios,
)
from coldbench.benchmarks.conformance.checks.definition import Check, carry_out
from coldbench.benchmarks.conformance.checks.scenario_subject import ScenarioSubject
from coldbench.datasets.arrays import make_read_only
from coldbench.datasets.card import Card, Fact
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.protocol.scenarios import NewItem
from coldbench.datasets.side_information import FeatureColumn, Provenance
from coldbench.datasets.sources.planted.source import Planted
from coldbench.datasets.world import Split
from scipy.sparse import csr_matrix

WORLD = Planted(n_users=150, n_items=150, n_topics=6)


def with_column(data: Dataset, column: FeatureColumn) -> Dataset:
    return replace(data, items=replace(data.items, columns=(*data.items.columns, column)))


def column(rows: np.ndarray, *, numeric: bool = False) -> FeatureColumn:
    values = ("",) if numeric else tuple(f"v{at}" for at in range(rows.shape[1]))
    matrix = make_read_only(csr_matrix(rows.astype(np.float32)))
    return FeatureColumn("extra", Provenance.INTRINSIC, matrix, values, numeric)


@dataclass
class Source:
    """A planted dataset with one thing done wrong."""

    version: ClassVar[int] = 1
    fault: str = ""

    def load(self) -> Dataset:
        data = WORLD.load()
        return FAULTS[self.fault](data) if self.fault else data


def repeated_pair(data: Dataset) -> Dataset:
    pairs = data.interactions
    rows = np.append(np.arange(len(pairs)), 3)
    return replace(data, interactions=pairs.take(rows), positive=data.positive[rows])


def retyped(data: Dataset) -> Dataset:
    pairs = data.interactions
    wide = Interactions(
        pairs.users,
        pairs.items,
        pairs.values.astype(np.float64),
        None,
        pairs.n_users,
        pairs.n_items,
    )
    return replace(data, interactions=wide)


def outside(data: Dataset) -> Dataset:
    pairs = data.interactions
    users = pairs.users.copy()
    users[0] = -1
    moved = Interactions(users, pairs.items, pairs.values, None, pairs.n_users, pairs.n_items)
    return replace(data, interactions=moved)


def lottery(data: Dataset) -> Dataset:
    drawn = np.random.default_rng().random((150, 1)) + 1
    return with_column(data, column(drawn, numeric=True))


def fame(data: Dataset) -> Dataset:
    counts = np.bincount(data.interactions.items, minlength=150).astype(np.float64)
    return with_column(data, column(counts[:, None], numeric=True))


def foreign_graph(data: Dataset) -> Dataset:
    assert data.graph is not None
    return replace(data, graph=replace(data.graph, n_items=3))


def too_small(data: Dataset) -> Dataset:
    few = np.arange(1)
    return replace(data, interactions=data.interactions.take(few), positive=np.ones(1, dtype=bool))


FAULTS: dict[str, Any] = {
    "no_dataset": lambda data: "nothing",
    "no_positive": lambda data: replace(data, positive=np.zeros(len(data.positive), dtype=bool)),
    "repeated_pair": repeated_pair,
    "retyped": retyped,
    "outside": outside,
    "repeated_ids": lambda data: replace(data, user_ids=np.repeat(data.user_ids[:1], 150)),
    "number_ids": lambda data: replace(data, user_ids=np.arange(150)),
    "weighted": lambda data: with_column(data, column(np.eye(150, 4) * 0.3)),
    "not_a_number": lambda data: with_column(data, column(np.full((150, 1), np.nan), numeric=True)),
    "unnamed": lambda data: with_column(data, replace(column(np.eye(150, 4)), values=("a",))),
    "twice": lambda data: with_column(with_column(data, column(np.eye(150))), column(np.eye(150))),
    "foreign_graph": foreign_graph,
    "lottery": lottery,
    "no_rule": lambda data: replace(data, rule=" "),
    "too_small": too_small,
    "fame": fame,
}


class Undocumented(Source):
    pass


@dataclass
class Versioned(Source):
    """Has its version as a setting."""

    version: int = 1  # type: ignore[misc]


@dataclass
class Otherwise(Source):
    """Its card promises a graph that says what the genres say, and the people there do not."""

    card: ClassVar[Card] = Card(
        "t", "p", "l", "c", facts=(Fact("genre", features="genre", graph="made_by", remark="-"),)
    )


@dataclass
class Untold(Source):
    """Has a card that says nothing of its licence."""

    card: ClassVar[Card] = Card("Worlds", "somebody", "", "none")


@dataclass
class Unconfigurable(Source):
    """Takes what OmegaConf does not give back."""

    sizes: tuple[int, int] = (1, 2)


class CountsColdItems(NewItem):
    """Scales by everybody, whoever is cold."""

    def split(self, data: Dataset, seed: int, *rest: Any) -> Split:
        made = super().split(data, seed)
        scale = sum(float(abs(one.matrix).sum()) for one in data.items.columns)
        features = make_read_only(csr_matrix(made.train.items.features * np.float32(scale)))
        items = replace(made.train.items, features=features)
        return replace(made, train=replace(made.train, items=items))


WRONG_DATASETS: list[tuple[Any, str]] = [
    (Undocumented(), "docstring"),
    (Unconfigurable(), "config_round_trip"),
    (Versioned(), "version"),
    (Source(), "entry_point"),
    (Source("no_dataset"), "loads"),
    (Source("no_positive"), "loads"),
    (Source("repeated_pair"), "pairs_well_formed"),
    (Source("retyped"), "pairs_well_formed"),
    (Source("outside"), "pairs_well_formed"),
    (Source("repeated_ids"), "ids_are_unique"),
    (Source("number_ids"), "ids_are_unique"),
    (Source("weighted"), "columns_well_formed"),
    (Source("not_a_number"), "columns_well_formed"),
    (Source("unnamed"), "columns_well_formed"),
    (Source("twice"), "columns_well_formed"),
    (Source("foreign_graph"), "graph_well_formed"),
    (Source("lottery"), "same_content_again"),
    (Source("no_rule"), "card"),
    (Untold(), "card"),
    (Otherwise(), "same_facts"),
    (Source("too_small"), "splits"),
    (Source("fame"), "splits_are_clean"),
]
ELSEWHERE = {"light_import": "in test_wrong_methods", "cold_entities_move_nothing": "below"}


def carried(checks: tuple[Check, ...], subject: Any, name: str) -> CheckResult:
    return carry_out(next(one for one in checks if one.name == name), subject)


@pytest.mark.parametrize(
    ("source", "check"), WRONG_DATASETS, ids=lambda one: getattr(one, "fault", str(one))
)
def test_a_wrong_dataset_is_caught(source: Any, check: str) -> None:
    outcome = carried(dataset_suite.CHECKS, DatasetSubject("wrong", source), check)
    assert outcome.verdict is Verdict.FAILED, outcome
    assert outcome.values and outcome.remedy


def test_a_scenario_that_counts_cold_items_is_caught_on_a_dataset() -> None:
    subject = DatasetSubject("planted", WORLD, {"counts": CountsColdItems()})
    outcome = carried(dataset_suite.CHECKS, subject, "cold_entities_move_nothing")
    assert outcome.verdict is Verdict.FAILED and "cold side information" in outcome.values


def test_our_own_dataset_conforms() -> None:
    subject = DatasetSubject("planted", WORLD)
    outcomes = [carry_out(check, subject) for check in dataset_suite.CHECKS]
    assert [one for one in outcomes if one.verdict in BROKEN] == []


def test_what_follows_a_failed_load_is_not_reached() -> None:
    subject = DatasetSubject("wrong", Source("no_dataset"))
    outcomes = {check.name: carry_out(check, subject) for check in dataset_suite.CHECKS}
    assert outcomes["loads"].verdict is Verdict.FAILED
    for name in ("pairs_well_formed", "same_content_again", "splits_are_clean"):
        assert outcomes[name].verdict is Verdict.NOT_REACHED, name


# Scenarios.


class Unsaid(NewItem):
    pass


@dataclass
class Settled(NewItem):
    """Has its version as a setting."""

    version: int = 1  # type: ignore[misc]


@dataclass
class Tupled(NewItem):
    """Takes what OmegaConf does not give back."""

    sizes: tuple[int, int] = (1, 2)


@dataclass
class Altered(NewItem):
    """Splits as new_item does and changes one thing."""

    fault: str = ""

    def split(self, data: Dataset, seed: int, *rest: Any) -> Split:
        return ALTERED[self.fault](self, data, seed)

    def honest(self, data: Dataset, seed: int) -> Split:
        return super().split(data, seed)


def raises(scenario: Altered, data: Dataset, seed: int) -> Split:
    raise IndexError("list index out of range")


def with_all_training(scenario: Altered, data: Dataset, seed: int) -> Split:
    made = scenario.honest(data, seed)
    task = made.test["warm/warm/k=0"]
    shown = make_read_only((task.query.users.history + task.truth).tocsr())
    query = replace(task.query, users=replace(task.query.users, history=shown))
    return replace(made, test={**made.test, "warm/warm/k=0": replace(task, query=query)})


def lucky(scenario: Altered, data: Dataset, seed: int) -> Split:
    return scenario.honest(data, int(np.random.default_rng().integers(1000)))


def with_numbers_of_all(scenario: Altered, data: Dataset, seed: int) -> Split:
    return CountsColdItems().split(data, seed)


def with_narrow_truth(scenario: Altered, data: Dataset, seed: int) -> Split:
    made = scenario.honest(data, seed)
    task = made.test["warm/warm/k=0"]
    narrow = replace(task, truth=task.truth[:, :-1].tocsr())
    return replace(made, test={**made.test, "warm/warm/k=0": narrow})


ALTERED: dict[str, Any] = {
    "raises": raises,
    "no_fingerprint": lambda s, d, n: replace(s.honest(d, n), fingerprint="mine"),
    "narrow_truth": with_narrow_truth,
    "odd_names": lambda s, d, n: replace(
        s.honest(d, n), test={"My Task": s.honest(d, n).test["warm/warm/k=0"]}
    ),
    "no_validation": lambda s, d, n: replace(s.honest(d, n), validation={}),
    "lucky": lucky,
    "stubborn": lambda s, d, n: s.honest(d, 0),
    "constant": lambda s, d, n: replace(s.honest(d, n), fingerprint="0" * 64),
    "leaky": with_all_training,
    "counting": with_numbers_of_all,
}
WRONG_SCENARIOS: list[tuple[Any, str]] = [
    (Unsaid(), "docstring"),
    (Tupled(), "config_round_trip"),
    (Settled(), "version"),
    (Altered(), "entry_point"),
    (Altered(fault="raises"), "splits"),
    (Altered(fault="no_fingerprint"), "split_well_formed"),
    (Altered(fault="narrow_truth"), "split_well_formed"),
    (Altered(fault="odd_names"), "task_names"),
    (Altered(fault="no_validation"), "validates"),
    (Altered(fault="lucky"), "same_seed_same_split"),
    (Altered(fault="stubborn"), "other_seed_other_split"),
    (Altered(fault="constant"), "other_seed_other_split"),
    (Altered(fault="leaky"), "splits_are_clean"),
    (Altered(fault="counting"), "cold_entities_move_nothing"),
]


def scenario_subject(scenario: Any) -> ScenarioSubject:
    return ScenarioSubject("wrong", scenario, {"planted": WORLD.load()})


@pytest.mark.parametrize(
    ("scenario", "check"), WRONG_SCENARIOS, ids=lambda one: getattr(one, "fault", str(one))
)
def test_a_wrong_scenario_is_caught(scenario: Any, check: str) -> None:
    outcome = carried(scenario_suite.CHECKS, scenario_subject(scenario), check)
    assert outcome.verdict is Verdict.FAILED, outcome
    assert outcome.values and outcome.remedy


@pytest.mark.parametrize("name", list(list_own_scenarios()))
def test_our_own_scenarios_conform(name: str) -> None:
    demand_conforms(list_own_scenarios()[name])


@pytest.mark.parametrize(
    "settings",
    [
        {"strategy": "temporal"},
        {"task": "rating"},
        {"task": "click"},
        {"side_information": "transductive"},
    ],
)
def test_our_own_scenario_conforms_with_other_settings(settings: dict[str, Any]) -> None:
    demand_conforms(NewItem(**settings))


def demand_conforms(scenario: Any) -> None:
    subject = scenario_subject(scenario)
    outcomes = [carry_out(check, subject) for check in scenario_suite.CHECKS]
    assert [one for one in outcomes if one.verdict in BROKEN] == []


@pytest.mark.parametrize(
    ("checks", "wrong"),
    [(dataset_suite.CHECKS, WRONG_DATASETS), (scenario_suite.CHECKS, WRONG_SCENARIOS)],
)
def test_every_check_has_something_wrong(
    checks: tuple[Check, ...], wrong: list[tuple[Any, str]]
) -> None:
    assert {one.name for one in checks} == {name for _, name in wrong} | set(ELSEWHERE)
