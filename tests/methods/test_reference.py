from dataclasses import replace

import numpy as np
import pytest
from coldbench.benchmarks.conformance.checks.measure import estimate_level, measure_ndcg
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.sources.planted.source import Planted
from coldbench.methods.reference.popularity import Popularity
from coldbench.methods.reference.random_scores import RandomScores

PAIRS = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0]])


def many(world, n_users=400, n_items=50):
    rng = np.random.default_rng(5)
    pairs = rng.random((n_users, n_items)) < 0.1
    train = world.train(pairs, item_features=rng.random((n_items, 3)))
    users = world.users(np.arange(n_users), pairs)
    return train, world.query(users, train.items)


def test_random_is_uniform_and_independent_of_order(world):
    train, query = many(world)
    scores = RandomScores().fit(train).score(query)
    assert scores.dtype == np.float32
    assert scores.min() >= 0 and scores.max() < 1
    assert np.histogram(scores, 10, (0, 1))[0].min() > 0.93 * scores.size / 10
    # ranks of one item over users, and the correlation of two users' rows, are those of chance
    ranks = scores.argsort(axis=1).argsort(axis=1)
    spread = np.sqrt((50**2 - 1) / 12 / len(scores))
    assert np.abs(ranks.mean(axis=0) - 24.5).max() < 4.5 * spread
    assert np.abs(np.corrcoef(scores[:100]) - np.eye(100)).max() < 0.7
    order_u, order_i = np.random.default_rng(1).permutation(400), np.arange(50)[::-1]
    again = RandomScores().fit(train)
    turned = world.query(query.users.take(order_u), query.items.take(order_i))
    np.testing.assert_array_equal(again.score(turned), scores[order_u][:, order_i])


@pytest.mark.parametrize("task", ["warm/warm/k=0", "new_item/cold/k=0", "new_user/warm/k=0"])
def test_random_lands_on_the_analytic_chance_level(task):
    split = Grid().split(Planted(n_users=600).load(), 0)
    holdout = split.test[task]
    methods = [RandomScores().fit(replace(split.train, seed=seed)) for seed in range(8)]
    found = [estimate_level(measure_ndcg(method, holdout), holdout) for method in methods]
    errors = [(one.high - one.low) / 2 for one in found]
    mean = np.mean([one.mean for one in found])
    assert abs(mean - found[0].chance) < 1.5 * np.mean(errors) / np.sqrt(len(found))


def test_random_follows_the_seed(world):
    _, query = many(world)
    one, two = (RandomScores().fit(world.train(PAIRS, seed=seed)).score(query) for seed in (0, 1))
    assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.03


def test_random_knows_cold_entities_by_their_features(world):
    fitted = RandomScores().fit(world.train(PAIRS))
    history = [[1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 1, 0]]
    users = world.users([-1] * 4, history, [[0, 2], [0, 2], [2, 0], [0, 0]])
    items = world.items([0, 1, 2, -1], np.zeros((4, 3)), [[0], [0], [0], [1]])
    scores = fitted.score(world.query(users, items))
    np.testing.assert_array_equal(scores[0], scores[1])
    assert len(np.unique(scores[[0, 2]])) == 8
    assert (scores[3] == 0).all(), "without features: left to the evaluator's hash"


def test_random_tells_users_from_items_and_columns_from_values(world):
    fitted = RandomScores().fit(world.train(PAIRS))
    square = fitted.score(world.query(world.users([0, 1, 2], PAIRS), world.items([0, 1, 2], PAIRS)))
    assert (square != square.T).sum() == 6
    users = world.users([-1, -1, -1], np.zeros((3, 3)), [[1, 2], [2, 1], [1, 1]])
    scores = fitted.score(world.query(users, world.items([0], [[1, 1, 1]])))
    assert len(np.unique(scores)) == 3


def test_popularity_counts_and_ignores_who_asks(world):
    fitted = Popularity().fit(world.train(PAIRS))
    users = world.users([0, -1], [[1, 1, 0], [0, 0, 0]])
    items = world.items([2, 1, -1, 0], np.zeros((4, 3)))
    expected = [[0, 2, 0, 3]] * 2
    np.testing.assert_array_equal(fitted.score(world.query(users, items)), expected)


def test_popularity_predicts_damped_offsets(world):
    ratings = [[5, 3, 0], [4, 0, 0], [3, 1, 0]]
    train = world.train(PAIRS, ratings=ratings)
    fitted = Popularity(damping=1.0).fit(train)
    mean = 16 / 5
    first = (5 + 4 + 3 - 3 * mean) / (3 + 1)
    second = (3 + 1 - 2 * mean) / (2 + 1)
    users = world.users([0, -1, -1], [[5, 3, 0], [0, 0, 0], [1, 0, 0]])
    items = world.items([0, 1, 2, -1], np.zeros((4, 3)))
    user = (5 - mean - first + 3 - mean - second) / (2 + 1)
    harsh = (1 - mean - first) / (1 + 1)
    offsets = np.array([first, second, 0, 0])
    expected = mean + np.array([user, 0, harsh])[:, None] + offsets
    predicted = fitted.predict(world.query(users, items))
    assert predicted.dtype == np.float32
    np.testing.assert_allclose(predicted, expected.clip(1, 5), rtol=1e-6)
    assert expected.min() >= 1, "nothing is clipped here"


def test_popularity_clips_to_the_ratings_it_saw(world):
    train = world.train(PAIRS, ratings=[[5, 3, 0], [4, 0, 0], [3, 1, 0]])
    fitted = Popularity(damping=0.0).fit(train)
    query = world.query(world.users([-1], [[1, 1, 0]]), world.items([1], np.zeros((1, 3))))
    assert fitted.predict(query).item() == 1.0


@pytest.mark.parametrize("method", [RandomScores, Popularity])
def test_state_survives_saving(world, method, tmp_path):
    train, query = many(world)
    fitted = method().fit(train)
    fitted.save(tmp_path / "state.npz")
    again = method().load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(query), fitted.score(query))
