"""A run whose scenario has several steps: a fit, and an update for each of the others."""

from collections.abc import Callable
from typing import Self

import numpy as np
import pytest
from coldbench.benchmarks.config.run_config import RunConfig, compose_run
from coldbench.benchmarks.plugins.registry import find
from coldbench.benchmarks.records.headline import summarise_scores
from coldbench.benchmarks.records.record import RunRecord, Status
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.render import render_markdown
from coldbench.benchmarks.runs.execute import execute
from coldbench.benchmarks.runs.fit_steps import fit_steps, list_steps
from coldbench.benchmarks.runs.kept_splits import keep_split, load_data
from coldbench.benchmarks.runs.plan import Plan, plan_run
from coldbench.datasets.progress import ignore_progress
from coldbench.datasets.world import Query, TrainView
from coldbench.methods.reference.popularity import Popularity

WORLD = [
    "dataset=planted", "dataset.n_users=200", "dataset.n_items=150",
    "dataset.interactions_per_user=20", "evaluation.bootstrap=50", "scenario=periods",
]  # fmt: skip
Compose = Callable[..., RunConfig]


@pytest.fixture
def stepwise(workplace: object, fakes: None) -> Compose:
    """Compose a run of the third step from a method and further words."""

    def made(method: str, *words: str) -> RunConfig:
        return compose_run([f"method={method}", *WORLD, "scenario.period=3", *words])

    return made


def make_plan(config: RunConfig) -> Plan:
    data = load_data(config, lambda message: None)
    return plan_run(config, data, keep_split(config, data))


@pytest.mark.parametrize(
    ("update", "periods"), [("warm", [1, 2, 3]), ("replay", [1, 2, 3]), ("none", [1, 3])]
)
def test_the_record_tells_every_step(stepwise: Compose, update: str, periods: list[int]) -> None:
    record = execute(stepwise("popularity", f"scenario.update={update}")).record
    assert record.status is Status.OK and record.config["scenario"]["update"] == update
    told = record.training["updates"]
    assert [one["period"] for one in told] == periods
    assert record.cost is not None
    assert sum(one["seconds"] for one in told) <= record.cost.fit_seconds + 0.01
    targets = [one["targets"] for one in told]
    assert targets == sorted(targets) if update == "warm" else targets[-1] < targets[0]
    assert (told[-1].get("steps") == 0) is (update == "none")
    assert "earlier/warm/k=0" in record.scores


def test_a_fit_from_scratch_is_a_plain_fit(stepwise: Compose) -> None:
    record = execute(stepwise("by_index")).record
    assert record.status is Status.OK and "updates" not in record.training


def test_who_cannot_be_updated_is_not_applicable_before_any_fit(stepwise: Compose) -> None:
    before = int(find("methods", "by_index").fits)
    record = execute(stepwise("by_index", "scenario.update=warm")).record
    assert record.status is Status.NOT_APPLICABLE
    assert record.error is not None and "ByIndex cannot be updated" in record.error
    assert "scenario.update=scratch" in record.error
    assert find("methods", "by_index").fits == before
    first = execute(stepwise("by_index", "scenario.update=warm", "scenario.period=1")).record
    assert first.status is Status.OK, "the first step is a fit"


def test_without_an_update_the_counts_are_those_of_the_first_step(stepwise: Compose) -> None:
    plan = make_plan(stepwise("popularity", "scenario.update=none"))
    steps = list_steps(plan)
    fitted, _ = fit_steps(plan, steps, ignore_progress)
    first, last = (one.split for one in steps)
    counts = dict(zip(first.items.tolist(), first.train.item_counts.tolist(), strict=True))
    expected = [counts.get(item, 0) for item in last.items.tolist()]
    scores = fitted.score(Query(last.train.users.take(slice(0, 1)), last.train.items))
    np.testing.assert_array_equal(scores[0], expected)
    assert 0 in expected and last.train.item_counts.sum() > sum(expected)


@pytest.mark.parametrize("update", ["warm", "recent"])
def test_popularity_counts_what_it_may_learn_from(stepwise: Compose, update: str) -> None:
    plan = make_plan(stepwise("popularity", f"scenario.update={update}"))
    steps = list_steps(plan)
    fitted, _ = fit_steps(plan, steps, ignore_progress)
    train = plan.split.train
    change = steps[-1].scenario.plan_update(steps[-2].split, plan.split)
    chosen = train.interactions.items[change.targets]
    scores = fitted.score(Query(train.users.take(slice(0, 1)), train.items))
    np.testing.assert_array_equal(scores[0], np.bincount(chosen, minlength=len(train.items)))


def test_each_step_is_validated_on_its_own_period(stepwise: Compose) -> None:
    steps = list_steps(make_plan(stepwise("popularity", "scenario.update=warm")))
    for one in steps:
        found = one.split.train.validate(lambda q: np.zeros((len(q.users), len(q.items)), "f4"))
        assert set(found.counted) == {n for n in one.split.validation if "/all/" not in n}
    times = [one.split.train.interactions.timestamps for one in steps]
    assert times[0].max() < times[1].max() < times[2].max()


class Claiming(Popularity):
    """Claims a checkpoint in every fit and update, as a training does."""

    def fit(self, train: TrainView) -> Self:
        folder = train.trainer.checkpoints
        assert folder is not None
        vars(self).setdefault("claimed", []).append(folder.claim().name)
        return super().fit(train)


def test_no_two_trainings_of_a_run_share_a_checkpoint(stepwise: Compose) -> None:
    plan = make_plan(stepwise("popularity", "scenario.update=replay"))
    plan.config.method = Claiming()
    fitted, _ = fit_steps(plan, list_steps(plan), ignore_progress)
    assert vars(fitted)["claimed"] == ["training-1", "training-2", "training-3"]


def records(stepwise: Compose, *words: str) -> list[RunRecord]:
    updates = ("scratch", "none", "recent")
    return [execute(stepwise("popularity", f"scenario.update={u}", *words)).record for u in updates]


def test_updates_are_rows_of_one_board_and_periods_are_boards(stepwise: Compose) -> None:
    made = records(stepwise) + records(stepwise, "scenario.period=2")
    assert len({one.run_id for one in made}) == 6
    assert len({one.split_sha256 for one in made}) == 2
    boards = build_boards(made)
    assert sorted(one.title.split()[-1] for one in boards) == [
        "scenario.period=2",
        "scenario.period=3",
    ]
    for board in boards:
        labels = ["popularity update=none", "popularity update=recent", "popularity update=scratch"]
        assert [row.label for row in board.rows] == labels
        contending = board.standing("warm/warm/k=0").contenders
        assert len(contending) == 3, "a way to update is no setting among which validation chooses"
    assert "popularity update=none" in render_markdown(boards[0], "warm/warm/k=0")


def test_the_share_of_replay_makes_a_row_of_replay_alone(stepwise: Compose) -> None:
    words = [(u, r) for u in ("replay", "warm") for r in ("0.5", "1.0")]
    made = [
        execute(stepwise("popularity", f"scenario.update={u}", f"scenario.replay={r}")).record
        for u, r in words
    ]
    (board,) = build_boards(made)
    assert len(board.rows) == 3


def test_what_was_forgotten_is_no_cold_start(stepwise: Compose) -> None:
    record = execute(stepwise("popularity")).record
    cold = [n for n in record.scores if not n.startswith(("warm/", "earlier/"))]
    mean = np.mean([record.scores[one]["ndcg@10"].mean or 0.0 for one in cold])
    assert summarise_scores(record) == f"cold ndcg@10 {mean:.4f}"
