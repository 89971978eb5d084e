from dataclasses import replace

import numpy as np
import pytest
from coldbench.methods.content import logistic_regression
from coldbench.methods.content.logistic_regression import fit_logistic_regressions
from coldbench.methods.content.lsi_lr import LSILR, find_latent_directions
from coldbench.methods.item_content.weighting import Weighting
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from .planted import PlantedSuite

METHOD, SETTINGS = LSILR, {}


@pytest.fixture(scope="module", params=[64, 7])
def method(fit, request):
    return fit(rank=request.param)


class TestPlanted(PlantedSuite):
    above_chance = 1.3
    left_of_gain = 0.35
    variants = tuple({"weighting": weighting} for weighting in Weighting)
    blocks = (logistic_regression, "_NUMBERS", 700)


def loss(weights, points, targets, penalty):
    scores = points @ weights[:-1] + weights[-1]
    total = np.logaddexp(0, scores).sum() - scores @ targets
    return total + 0.5 * penalty * weights[:-1] @ weights[:-1]


def gradient(weights, points, targets, penalty):
    scores = points @ weights[:-1] + weights[-1]
    excess = 1 / (1 + np.exp(-scores)) - targets
    return np.append(points.T @ excess + penalty * weights[:-1], excess.sum())


@pytest.mark.parametrize("penalty", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("numbers", [1 << 22, 60])
def test_each_row_is_the_regression_that_a_general_optimiser_finds(monkeypatch, penalty, numbers):
    monkeypatch.setattr(logistic_regression, "_NUMBERS", numbers)
    rng = np.random.default_rng(0)
    points = rng.standard_normal((40, 4)) * [3, 1, 1, 0.1]
    positives = (rng.random((6, 40)) < [[0.1], [0.5], [0.9], [0.3], [0], [0.02]]).astype(np.float32)
    positives[5, 7] = 1
    found = fit_logistic_regressions(csr_matrix(positives), points, penalty)
    for targets, weights in zip(positives, found, strict=True):
        if not targets.any():
            assert (weights == 0).all()
            continue
        best = minimize(
            loss, np.zeros(5), (points, targets, penalty), jac=gradient, tol=1e-12,
            options={"gtol": 1e-9},
        )  # fmt: skip
        np.testing.assert_allclose(weights, best.x, rtol=1e-3, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_general_optimiser_finds_a_lower_loss(data):
    seed = data.draw(st.integers(0, 10_000))
    size = data.draw(st.integers(2, 30))
    width = data.draw(st.integers(0, 5))
    penalty = data.draw(st.floats(1e-3, 1e3))
    scale = data.draw(st.sampled_from([0.01, 1.0, 100.0]))
    rng = np.random.default_rng(seed)
    points = scale * rng.standard_normal((size, width))
    targets = (rng.random(size) < rng.random()).astype(np.float32)
    targets[rng.permutation(size)[:2]] = 0, 1
    [weights] = fit_logistic_regressions(csr_matrix(targets[None]), points, penalty)
    assert np.isfinite(weights).all()
    start, rest = np.zeros(width + 1), (points, targets, penalty)
    best = minimize(loss, start, rest, jac=gradient, tol=1e-12).fun
    # The solver also weighs the intercept a little, which this loss leaves out: up to 2e-5.
    assert loss(weights.astype(float), *rest) <= best + 5e-5 * (1 + best)


def test_a_user_who_took_everything_gets_finite_coefficients():
    points = np.random.default_rng(0).standard_normal((30, 3))
    found = fit_logistic_regressions(csr_matrix(np.ones((2, 30), dtype=np.float32)), points, 1.0)
    assert np.isfinite(found).all()
    assert found[0, -1] > 5
    np.testing.assert_allclose(found[:, :-1], 0, atol=1e-2)


@pytest.mark.parametrize("shape", [(30, 12), (12, 30), (30, 4)])
def test_directions_are_the_leading_right_singular_vectors(shape):
    dense = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    found = find_latent_directions(csr_matrix(dense), 5, seed=0)
    _, _, right = np.linalg.svd(dense.astype(float), full_matrices=False)
    kept = min(5, *shape)
    assert found.shape == (shape[1], kept)
    np.testing.assert_allclose(np.abs(found.T @ right[:kept].T), np.eye(kept), atol=1e-6)


def test_directions_without_variance_are_left_out():
    dense = np.outer(np.arange(1, 9), [1, 2, 0, 1])
    assert find_latent_directions(csr_matrix(dense, dtype=np.float32), 3, 0).shape == (4, 1)
    assert find_latent_directions(csr_matrix((8, 4), dtype=np.float32), 3, 0).shape == (4, 0)
    assert find_latent_directions(csr_matrix((8, 0), dtype=np.float32), 3, 0).shape == (0, 0)


def test_scores_are_the_log_odds_of_a_regression_on_the_topics(split, method):
    query = split.test["new_user_new_item/cold/k=5"].query
    users, items = query.users.take(slice(0, 3)), query.items
    scores = method.score(replace(query, users=users))
    topics = method.item_factors(items)[:, :-1].astype(float)
    for row, history in zip(scores, users.history.toarray(), strict=True):
        best = minimize(
            loss, np.zeros(topics.shape[1] + 1), (method.points_, history, 1.0), jac=gradient,
            tol=1e-12, options={"gtol": 1e-9},
        )  # fmt: skip
        np.testing.assert_allclose(row, topics @ best.x[:-1] + best.x[-1], rtol=1e-3, atol=1e-3)


def test_a_warm_user_and_one_shown_its_whole_history_agree(split, method):
    warm = split.train.users.take(slice(0, 40))
    cold = replace(warm, known=np.full(40, -1, dtype=np.int32))
    np.testing.assert_allclose(
        method.user_factors(cold), method.user_factors(warm), rtol=1e-5, atol=1e-6
    )


def test_a_user_without_history_ties_all(split, method):
    query = split.test["new_user_new_item/cold/k=0"].query
    assert (method.score(query) == 0).all()


@pytest.mark.parametrize("weighting", list(Weighting))
def test_empty_features_tie(world, weighting):
    bare = world.train(np.eye(5), item_features=np.zeros((5, 0)))
    nothing = world.items([-1, 0], np.zeros((2, 5)), np.zeros((2, 0)))
    found = LSILR(weighting=weighting).fit(bare).score(world.query(bare.users, nothing))
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
