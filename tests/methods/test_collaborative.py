import warnings

import numpy as np
import pytest
from coldbench.methods.collaborative import implicit_als, item_knn
from coldbench.methods.collaborative.ials import IALS
from coldbench.methods.collaborative.implicit_als import ImplicitALS
from coldbench.methods.collaborative.item_knn import ItemKNN
from coldbench.methods.factor_prior import FactorPrior
from scipy.sparse import csr_matrix

from .conftest import dense_neighbours, taste_pairs


@pytest.mark.parametrize(("neighbours", "shrinkage"), [(100, 0.0), (7, 10.0), (1, 2.0)])
def test_item_knn_equals_brute_force(world, monkeypatch, neighbours, shrinkage):
    monkeypatch.setattr(item_knn, "_ROWS", 16)
    pairs = taste_pairs()
    support = np.zeros((60, 2))
    support[[0, 2, 7], 0] = 1
    known = np.array([5, -1, 3, -1, 39])
    columns = np.column_stack(
        [pairs[:, 5], support[:, 0], pairs[:, 3], support[:, 1], pairs[:, 39]]
    )
    shots = np.zeros((1, 40))
    shots[0, [4, 6]] = 1
    users = world.users([1, 8, -1], np.vstack([pairs[[1, 8]], shots]))
    fitted = ItemKNN(neighbours=neighbours, shrinkage=shrinkage).fit(world.train(pairs))
    scores = fitted.score(world.query(users, world.items(known, columns.T)))
    similar = dense_neighbours(pairs.T, columns.T, known, neighbours, shrinkage)
    expected = np.vstack([pairs[[1, 8]], shots]) @ similar.T
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)
    assert (scores[:, 3] == 0).all(), "a cold item without support scores 0"
    assert scores[:, 1].any()


def test_item_knn_by_hand(world):
    pairs = [[1, 1, 0], [1, 1, 1], [1, 0, 1]]
    fitted = ItemKNN(shrinkage=1.0).fit(world.train(pairs))
    query = world.query(world.users([-1], [[1, 0, 0]]), world.items([0, 1, 2], np.transpose(pairs)))
    near = 2 / (np.sqrt(6) + 1)
    np.testing.assert_allclose(fitted.score(query), [[0, near, near]], rtol=1e-6)


def test_item_knn_ignores_rating_values(world):
    pairs = taste_pairs()
    ratings = pairs * np.random.default_rng(1).integers(1, 6, pairs.shape)
    plain, rated = world.train(pairs), world.train(pairs, ratings=ratings)
    one = ItemKNN().fit(plain).score(world.query(plain.users, plain.items))
    two = ItemKNN().fit(rated).score(world.query(rated.users, rated.items))
    np.testing.assert_array_equal(one, two)


def test_als_solves_the_normal_equations(world, monkeypatch):
    monkeypatch.setattr(implicit_als, "_ROWS", 2)
    pairs = taste_pairs()
    model = ImplicitALS(factors=6, regularization=0.7, alpha=3.0).fit(world.train(pairs))
    items, users = model.item_factors_.astype(float), model.user_factors_.astype(float)

    def solve(across, row):
        confidence = np.diag(1 + 3.0 * row)
        left = across.T @ confidence @ across + 0.7 * np.eye(6)
        return np.linalg.solve(left, across.T @ confidence @ row)

    np.testing.assert_allclose(users, [solve(items, row) for row in pairs], rtol=1e-4, atol=1e-6)
    support = np.zeros((1, 60))
    support[0, [1, 3, 59]] = 1
    new = model.item_factors(world.items([-1], support))
    np.testing.assert_allclose(new, [solve(users, support[0])], rtol=1e-4, atol=1e-6)
    assert (model.item_factors(world.items([-1], 0 * support)) == 0).all()


@pytest.mark.parametrize("kind", [ImplicitALS, IALS])
def test_a_new_user_is_the_mean_user_joined_by_its_history(world, kind):
    pairs = taste_pairs()
    model = kind(factors=6).fit(world.train(pairs))
    known = model.user_factors(world.users([3, 0], pairs[[3, 0]]))
    np.testing.assert_array_equal(known, model.user_factors_[[3, 0]])
    history = np.zeros((2, 40))
    history[0, [2, 4]] = 1
    found = model.user_factors(world.users([-1, -1], history))
    prior = FactorPrior.of(model.user_factors_, model.item_factors_, csr_matrix(pairs))
    strength = model.prior_choice_["prior_strength"]
    expected = prior.join(csr_matrix(history), model.item_factors_, strength=strength)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found[1], model.user_factors_.mean(axis=0), rtol=1e-4, atol=1e-6)
    assert np.abs(found[0] - found[1]).max() > 1e-3


def test_als_keeps_what_it_learned_of_items(world):
    pairs = taste_pairs()
    model = ImplicitALS(factors=6, regularization=5.0).fit(world.train(pairs))
    np.testing.assert_array_equal(
        model.item_factors(world.items([9], pairs.T[[9]])), model.item_factors_[[9]]
    )


def test_als_is_at_the_minimum_for_users(world):
    pairs = taste_pairs()
    model = ImplicitALS(factors=4, regularization=0.5, alpha=2.0).fit(world.train(pairs))

    def loss(users):
        errors = pairs - users @ model.item_factors_.astype(float).T
        return ((1 + 2.0 * pairs) * errors**2).sum() + 0.5 * (users**2).sum()

    at = model.user_factors_.astype(float)
    best, rng = loss(at), np.random.default_rng(0)
    assert all(loss(at + 0.01 * rng.standard_normal(at.shape)) > best for _ in range(20))


def test_als_repeats_and_follows_the_seed(world):
    pairs = taste_pairs()
    one, same, other = (
        ImplicitALS(factors=8, regularization=5.0).fit(world.train(pairs, seed=seed)).item_factors_
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_als_limits_the_threads_of_the_linear_algebra(world, monkeypatch):
    import implicit.utils
    from threadpoolctl import threadpool_limits

    monkeypatch.setattr(implicit.utils, "_checked_blas_config", False)
    with threadpool_limits(2, "blas"), warnings.catch_warnings():
        warnings.simplefilter("error")  # the library warns of more than one thread
        ImplicitALS(factors=2).fit(world.train(taste_pairs()))
