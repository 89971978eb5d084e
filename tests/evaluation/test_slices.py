"""Slices: parts of the truth, groups of users, gaps, and the harmonic mean."""

from dataclasses import replace

import numpy as np
import pytest
from coldbench.benchmarks.evaluation.evaluate import EvaluationSettings, evaluate
from coldbench.benchmarks.evaluation.metrics import NDCG, Recall
from coldbench.benchmarks.evaluation.slices import (
    assign_popularity_thirds,
    choose_slice_ks,
    group_users,
)
from scipy.sparse import csr_matrix

METRICS = {"recall": Recall(), "ndcg": NDCG()}


def measure(method, world, holdout=None, **given):
    return evaluate(
        method, {"t": holdout or world.holdout}, world.train,
        EvaluationSettings(**{"ks": [5, 10, 20], "bootstrap": 40} | given), seed=2,
        save_rankings=20, metrics=METRICS,
    )["t"]  # fmt: skip


def part_by_hand(world, got, part, k):
    """Return mean recall and NDCG over users with truth in ``part``."""
    recalls, gains = [], []
    for user, items in zip(got.users, got.rankings.items, strict=True):
        wanted = world.truth[user - 100] & part
        if wanted.any():
            hits = wanted[items[:k][items[:k] >= 0] - 50]
            discounts = 1 / np.log2(np.arange(2, k + 2))
            recalls.append(hits.sum() / wanted.sum())
            gains.append(
                (hits * discounts[: len(hits)]).sum() / discounts[: min(k, wanted.sum())].sum()
            )
    return np.mean(recalls), np.mean(gains), len(gains)


def test_cold_and_warm_parts_and_their_harmonic_mean(worlds, table_method, rng):
    cold = rng.random(60) < 0.3
    world = worlds(rng, 80, 60, cold=cold)
    got = measure(table_method(rng.random((80, 60)).astype(np.float32)), world)
    for k in (5, 10, 20):
        means = {}
        for name, part in (("cold_part", cold), ("warm_part", ~cold)):
            recall, gain, n = part_by_hand(world, got, part, k)
            assert got.slices[name][f"recall@{k}"].mean == pytest.approx(recall)
            assert got.slices[name][f"ndcg@{k}"].mean == pytest.approx(gain)
            assert got.slices[name][f"ndcg@{k}"].n == n
            means[name] = gain
        one = got.scores[f"harmonic_ndcg@{k}"]
        w, c = means["warm_part"], means["cold_part"]
        assert one.mean == pytest.approx(2 * w * c / (w + c))
        assert one.low <= one.mean <= one.high


def test_parts_exist_only_where_candidates_are_of_both_kinds(worlds, table_method, rng):
    scores = rng.random((80, 60)).astype(np.float32)
    warm = measure(table_method(scores), worlds(rng, 80, 60))
    assert "cold_part" not in warm.slices and "harmonic_ndcg@10" not in warm.scores
    assert "popularity:head" in warm.slices
    cold = measure(table_method(scores), worlds(rng, 80, 60, cold=np.ones(60, dtype=bool)))
    assert not [n for n in cold.slices if n.startswith(("popularity", "cold_part"))]


def test_a_cold_part_that_is_never_found_makes_the_harmonic_mean_0(worlds, table_method, rng):
    cold = np.arange(60) < 20
    world = worlds(rng, 80, 60, cold=cold)
    scores = np.where(cold, -1.0, rng.random((80, 60))).astype(np.float32)
    got = measure(table_method(scores), world, ks=[10])
    assert got.slices["warm_part"]["ndcg@10"].mean > 0.1
    assert got.scores["harmonic_ndcg@10"].mean == 0.0


def test_popularity_parts_split_the_training_interactions_in_thirds(worlds, table_method, rng):
    counts = np.array([50, 20, 20, 20, 10, 10, 10, 5, 5])
    assert assign_popularity_thirds(counts, counts).tolist() == [0, 1, 1, 1, 2, 2, 2, 2, 2]
    flat = np.full(6, 4)
    assert assign_popularity_thirds(flat, flat).tolist() == [0] * 6
    world = worlds(rng, 80, 60)
    got = measure(table_method(rng.random((80, 60)).astype(np.float32)), world)
    third = assign_popularity_thirds(world.train.item_counts, world.train.item_counts)
    for name, part in (("head", 0), ("mid", 1), ("tail", 2)):
        recall, gain, n = part_by_hand(world, got, third == part, 10)
        assert got.slices[f"popularity:{name}"]["recall@10"].mean == pytest.approx(recall)
        assert got.slices[f"popularity:{name}"]["ndcg@10"].mean == pytest.approx(gain)
        assert got.slices[f"popularity:{name}"]["ndcg@10"].n == n


def test_history_of_warm_and_support_of_cold_users(worlds, table_method, rng):
    world = worlds(rng, 80, 60, mask_share=0.15)
    users = world.holdout.query.users
    known = np.where(np.arange(80) % 2, -1, users.known).astype(np.int32)
    mixed = replace(
        world.holdout, query=replace(world.holdout.query, users=replace(users, known=known))
    )
    got = measure(table_method(rng.random((80, 60)).astype(np.float32)), world, mixed)
    lengths = world.masked.sum(axis=1)[got.users - 100]
    cold = (got.users - 100) % 2 == 1
    for label, low, high in (("1-5", 1, 5), ("6-10", 6, 10), ("11-20", 11, 20)):
        within = (lengths >= low) & (lengths <= high)
        for name, side in (("support", cold), ("history", ~cold)):
            expected = got.per_user["recall@10"][within & side]
            if len(expected):
                one = got.slices[f"{name}:{label}"]["recall@10"]
                assert one.mean == pytest.approx(expected.mean()) and one.n == len(expected)
            else:
                assert f"{name}:{label}" not in got.slices


def test_attributes_of_at_least_20_users_and_their_gap(worlds, table_method, rng):
    gender = np.repeat([0, 1, 2], [40, 30, 10])
    features = np.column_stack([np.eye(3)[gender], rng.normal(size=80)]).astype(np.float32)
    names = ["gender=F", "gender=M", "gender=X", "age"]
    world = worlds(rng, 80, 60, truth_share=0.3, user_features=features, names=names)
    got = measure(table_method(rng.random((80, 60)).astype(np.float32)), world)
    assert len(got.users) == 80
    values = got.per_user["ndcg@10"]
    means = [values[:40].mean(), values[40:70].mean()]
    assert got.slices["gender=F"]["ndcg@10"].mean == pytest.approx(means[0])
    assert got.slices["gender=M"]["ndcg@10"].mean == pytest.approx(means[1])
    assert "gender=X" not in got.slices and "age" not in got.slices
    gap = got.slices["gap:gender"]["ndcg@10"]
    assert gap.mean == pytest.approx(max(means) - min(means)) and gap.n == 70
    assert gap.low < gap.mean < gap.high


def test_a_numeric_column_named_like_a_value_is_no_group(worlds, rng):
    users = worlds(rng, 40, 20).holdout.query.users
    numbers = csr_matrix(np.full((40, 1), 2.0, dtype=np.float32))
    assert "age=young" not in group_users(
        replace(users, features=numbers, feature_names=("age=young",))
    )


def test_no_slices_when_not_asked_for(worlds, table_method, rng):
    world = worlds(rng, 40, 60, cold=np.arange(60) < 20)
    got = measure(table_method(rng.random((40, 60)).astype(np.float32)), world, slices=False)
    assert got.slices == {} and "harmonic_ndcg@10" not in got.scores


def test_slices_are_measured_at_10_and_20_where_possible():
    assert choose_slice_ks([5, 10, 20, 50]) == [10, 20]
    assert choose_slice_ks([50, 3]) == [3]
