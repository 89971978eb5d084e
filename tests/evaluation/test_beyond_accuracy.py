"""Coverage, Gini, popularity, novelty and diversity against slow, plain definitions."""

import numpy as np
import pytest
from coldbench.benchmarks.evaluation import beyond_accuracy
from coldbench.benchmarks.evaluation.beyond_accuracy import compute_gini
from coldbench.benchmarks.evaluation.evaluate import EvaluationSettings, evaluate
from coldbench.benchmarks.evaluation.metrics import Recall

KS = [2, 5, 40]


@pytest.fixture
def measured(worlds, table_method, rng):
    features = (rng.random((30, 6)) < 0.3).astype(np.float32)
    features[3] = 0
    world = worlds(rng, 25, 30, cold=rng.random(30) < 0.3, item_features=features)
    got = evaluate(
        table_method(rng.random((25, 30)).astype(np.float32)), {"t": world.holdout}, world.train,
        EvaluationSettings(ks=KS, bootstrap=30, slices=False), seed=0, save_rankings=40,
        metrics={"recall": Recall()},
    )["t"]  # fmt: skip
    lists = [items[items >= 0] - 50 for items in got.rankings.items]
    return world, features, got, lists


def test_popularity_and_novelty_are_means_over_the_list(measured):
    world, _, got, lists = measured
    counts = np.zeros(30)
    warm = ~world.holdout.cold_items
    counts[warm] = world.masked[:, warm].sum(axis=0)
    for k in KS:
        popularity = [counts[items[:k]].mean() for items in lists]
        novelty = [-np.log2((counts[items[:k]] + 1) / 26).mean() for items in lists]
        np.testing.assert_allclose(got.per_user[f"popularity@{k}"], popularity)
        np.testing.assert_allclose(got.per_user[f"novelty@{k}"], novelty)
    assert got.scores["novelty@5"].low < got.scores["novelty@5"].high


def test_diversity_is_one_minus_the_mean_cosine_of_pairs(measured):
    _, features, got, lists = measured
    lengths = np.linalg.norm(features, axis=1)
    for k in KS:
        for value, items in zip(got.per_user[f"diversity@{k}"], lists, strict=True):
            pairs = [(a, b) for a in items[:k] for b in items[:k] if a < b]
            cosines = [
                features[a] @ features[b] / (lengths[a] * lengths[b])
                if lengths[a] * lengths[b]
                else 0.0
                for a, b in pairs
            ]
            assert value == pytest.approx(1 - np.mean(cosines), abs=1e-6)


def test_coverage_and_gini_count_how_often_candidates_are_listed(measured):
    _, _, got, lists = measured
    for k in KS:
        counts = np.zeros(30)
        for items in lists:
            counts[items[:k]] += 1
        assert got.scores[f"coverage@{k}"].mean == (counts > 0).mean()
        distances = np.abs(counts[:, None] - counts[None, :]).mean()
        expected = distances / (2 * counts.mean())
        assert got.scores[f"gini@{k}"].mean == pytest.approx(expected)
        assert "coverage@2" not in got.per_user


def test_gini_of_equal_and_of_one_sided_counts():
    assert compute_gini(np.full(7, 3)) == pytest.approx(0.0, abs=1e-12)
    assert compute_gini(np.array([0, 0, 0, 9])) == pytest.approx(3 / 4)


def test_blocks_of_users_change_nothing(measured, monkeypatch):
    world, _, got, lists = measured
    positions = np.full((len(lists), 40), -1, dtype=np.int32)
    for row, items in zip(positions, lists, strict=True):
        row[: len(items)] = items
    monkeypatch.setattr(beyond_accuracy, "ROWS", 4)
    again = beyond_accuracy.compute_list_metrics(positions, world.holdout, world.train, KS)
    for name, values in again.items():
        np.testing.assert_allclose(values, got.per_user[name], rtol=1e-12)


def test_a_list_of_one_has_no_diversity_and_features_are_needed(world_of, table_method):
    truth = np.array([[True, False], [True, False]])
    masked = np.array([[False, True], [False, False]])
    evaluated = EvaluationSettings(ks=[2], bootstrap=0, slices=False)
    for features in (np.eye(2, dtype=np.float32), None):
        world = world_of(truth, masked, item_features=features)
        got = evaluate(
            table_method(np.ones((2, 2), np.float32)), {"t": world.holdout}, world.train, evaluated,
            seed=0, metrics={"recall": Recall()},
        )["t"]  # fmt: skip
        if features is None:
            assert "diversity@2" not in got.scores
        else:
            assert np.isnan(got.per_user["diversity@2"][0])
            assert (got.scores["diversity@2"].mean, got.scores["diversity@2"].n) == (1.0, 1)
