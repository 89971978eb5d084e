"""What cold items contribute, who knows nothing, what chance gives; intervals over both sides."""

import numpy as np
import pytest
from coldbench.benchmarks.evaluation.evaluate import EvaluationSettings, evaluate
from coldbench.benchmarks.evaluation.item_contributions import ItemContributions, linearise
from coldbench.benchmarks.evaluation.spread import spread_over_users_and_items
from hypothesis import given
from hypothesis import strategies as st

from .conftest import METRICS, TableMethod, random_world
from .test_ranking import levels, plain_ranked

TASK = "new_item/cold/k=0"


def cold(world):
    """The same world with candidates that are all cold."""
    items = world.holdout.query.items
    items.known[...] = -1
    return world


def measure(method, world, **given):
    plain = {"bootstrap": 0, "slices": False, "beyond_accuracy": False, "ks": [3, 10]}
    settings = EvaluationSettings(**plain | given)
    one = evaluate(
        method, {TASK: world.holdout}, world.train, settings, seed=7, metrics=METRICS
    )[TASK]  # fmt: skip
    return one


@pytest.mark.parametrize("kind", ["distinct", "tied"])
def test_contributions_add_up_to_the_values_of_users_and_are_those_of_each_item(
    worlds, table_method, order_of, rng, kind
):
    world = cold(worlds(rng, 40, 60))
    scores = levels(rng, (40, 60), kind)
    result = measure(table_method(scores), world)
    assert set(result.per_item) == {"ndcg@3", "ndcg@10", "recall@3", "recall@10"}
    for name, sums in result.per_item.items():
        assert sums.sum() == pytest.approx(result.per_user[name].sum())
    rows = np.flatnonzero(world.truth.any(axis=1))
    ranked = plain_ranked(
        order_of(scores, world.masked, world.holdout.users, world.holdout.items, 7), world, 10
    )
    for item, users, sum_ in zip(
        result.items, result.item_users, result.per_item["recall@10"], strict=True
    ):
        at = int(np.flatnonzero(world.holdout.items == item)[0])
        wanted = world.truth[rows, at]
        listed = ((ranked.positions == at) & ranked.hits).any(axis=1)
        assert users == wanted.sum() > 0
        assert sum_ == pytest.approx((1 / world.truth[rows].sum(axis=1))[listed].sum())


def test_warm_candidates_have_no_contributions(worlds, table_method, rng):
    world = worlds(rng, 20, 30)
    result = measure(table_method(levels(rng, (20, 30), "distinct")), world)
    assert len(result.items) == 0 and result.per_item == {}


@given(st.integers(0, 2**32 - 1))
def test_a_user_whose_unmasked_candidates_are_tied_is_uninformed(seed):
    rng = np.random.default_rng(seed)
    world = random_world(rng, 30, 25)
    scores = levels(rng, (30, 25), "distinct")
    tied = rng.random(30) < 0.5
    scores[tied] = 0.25
    scores[world.masked & tied[:, None]] = 9.0  # what is masked does not count
    result = measure(TableMethod(scores), world)
    rows = np.flatnonzero(world.truth.any(axis=1))
    alone = (~world.masked[rows]).sum(axis=1) == 1
    assert result.uninformed == pytest.approx((tied[rows] | alone).mean(), abs=1e-6)


def test_the_chance_level_is_the_mean_of_random_orders(worlds, table_method, rng):
    world = worlds(rng, 60, 40)
    found = [
        measure(table_method(levels(rng, (60, 40), "distinct")), world, ks=[10]) for _ in range(300)
    ]
    for name in ("ndcg@10", "recall@10"):
        means = [one.scores[name].mean for one in found]
        error = np.std(means) / np.sqrt(len(means))
        assert found[0].chance[name] == pytest.approx(np.mean(means), abs=4 * error)
    assert {one.chance["ndcg@10"] for one in found} == {found[0].chance["ndcg@10"]}


def test_where_candidates_are_cold_an_interval_is_over_users_and_items(worlds, table_method, rng):
    world, scores = worlds(rng, 300, 90), levels(rng, (300, 90), "distinct")
    users_alone = measure(table_method(scores), world, bootstrap=500).scores
    both = measure(table_method(scores), cold(world), bootstrap=500)
    items = ItemContributions(both.items, both.item_users, both.per_item)
    for name in ("recall@10", "ndcg@10"):
        users, moved = both.per_user[name], linearise(items, name, len(both.users))
        assert moved.sum() == pytest.approx(0.0, abs=1e-12)
        found = both.scores[name]
        expected = spread_over_users_and_items(users, moved).bounds(name)
        assert (found.low, found.high) == pytest.approx(expected)
        assert found.high - found.low > 1.05 * (users_alone[name].high - users_alone[name].low)
        assert found.mean == users_alone[name].mean
    for name in ("auc", "mrr@10", "hit_rate@10"):  # not sums over hits: over users alone
        assert both.scores[name] == users_alone[name]
    without = measure(table_method(scores), cold(world), bootstrap=0).scores["ndcg@10"]
    assert without.low == without.mean == without.high


def test_an_item_that_everybody_wants_decides_as_much_missed_as_hit():
    users, wanted = 100, np.array([90, 5, 5])
    hit = ItemContributions(np.arange(3), wanted, {"r": np.array([90.0, 0.0, 0.0])})
    missed = ItemContributions(np.arange(3), wanted, {"r": np.array([0.0, 5.0, 5.0])})
    assert linearise(hit, "r", users) == pytest.approx(-linearise(missed, "r", users))
    everything = ItemContributions(np.arange(3), wanted, {"r": wanted * 0.5})
    assert linearise(everything, "r", users) == pytest.approx(np.zeros(3))
