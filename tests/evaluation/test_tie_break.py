"""Equal scores are ordered by a fair, stateless hash."""

import numpy as np
import pytest
from coldbench.benchmarks.evaluation import _ranking_kernels as kernels
from coldbench.benchmarks.evaluation.evaluate import EvaluationSettings, evaluate
from coldbench.benchmarks.evaluation.metrics import NDCG, Recall
from hypothesis import given
from hypothesis import strategies as st

BARE = {"bootstrap": 0, "slices": False, "beyond_accuracy": False}


@given(st.integers(0, 2**32 - 1))
def test_the_compiled_mixer_is_a_bijection_with_its_inverse(value):
    mixed = kernels.mix(np.uint32(value))
    assert 0 <= mixed < 2**32
    assert kernels.unmix(np.uint32(mixed)) == value


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1))
def test_a_hash_depends_on_nothing_but_seed_user_and_item(hashes_of, user, item, seed):
    alone = hashes_of(seed, np.array([user]), np.array([item]))
    among = hashes_of(seed, np.array([3, user, 5]), np.array([item, 9, item // 2]))
    assert alone[0, 0] == among[1, 0]


def test_any_two_items_come_first_equally_often(hashes_of):
    users, items = np.arange(20_000), np.array([0, 1, 2, 1000, 2**20, 2**31 - 1])
    draws = hashes_of(0, users, items)
    for a in range(len(items)):
        for b in range(a):
            assert abs((draws[:, a] < draws[:, b]).mean() - 0.5) < 0.02
    first = np.bincount(draws.argmin(axis=1), minlength=len(items)) / len(users)
    assert np.abs(first - 1 / len(items)).max() < 0.015


def test_seeds_give_different_orders(hashes_of):
    users, items = np.arange(500), np.arange(50)
    orders = [hashes_of(seed, users, items).argsort(axis=1) for seed in (0, 1)]
    assert 0.01 < (orders[0] == orders[1]).mean() < 0.03


@pytest.mark.parametrize("value", [0.0, -7.25])
def test_a_constant_scorer_lands_at_chance(worlds, table_method, rng, value):
    n, c = 3000, 100
    world = worlds(rng, n, c, truth_share=0.05, mask_share=0.0)
    method = table_method(np.full((n, c), value, dtype=np.float32))
    got = evaluate(
        method, {"t": world.holdout}, world.train, EvaluationSettings(ks=[10], **BARE), seed=1,
        metrics={"recall": Recall(), "ndcg": NDCG()},
    )["t"]  # fmt: skip
    assert got.scores["recall@10"].mean == pytest.approx(0.1, abs=0.01)
    order = rng.permuted(np.tile(np.arange(c), (n, 1)), axis=1).astype(np.float32)
    drawn = evaluate(
        table_method(order), {"t": world.holdout}, world.train,
        EvaluationSettings(ks=[10], **BARE), seed=1, metrics={"ndcg": NDCG()},
    )["t"]  # fmt: skip
    assert got.scores["ndcg@10"].mean == pytest.approx(drawn.scores["ndcg@10"].mean, abs=0.01)
