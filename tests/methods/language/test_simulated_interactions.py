from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.errors import NotFittedError
from coldbench.datasets.side_information import Side
from coldbench.datasets.world import Query
from coldbench.methods.collaborative.ease import EASE
from coldbench.methods.language.collaborative_bases import Base, CollaborativeBase
from coldbench.methods.language.simulated_interactions.funnel import Filter
from coldbench.methods.language.simulated_interactions.method import (
    Refine,
    SimulatedInteractions,
)
from coldbench.methods.language.simulated_interactions.refiner import Refiner
from scipy.sparse import csr_matrix

TOPICS = 4
SMALL = {"users": 10, "ridge": 0.5, "rank": 8, "regularization": 20.0}
"""Sixty users are too few for the default regularisation of the factors."""


@pytest.fixture
def world(make_world):
    return make_world()


def fit(train, settings, **more):
    return SimulatedInteractions(**settings | SMALL | more).fit(train)


def share_of_topic(world, edges):
    """Return the share of simulated users who have the topic of their item; 0.25 is chance."""
    own = np.arange(edges.shape[1]) % TOPICS
    topic = np.arange(edges.shape[0]) % TOPICS
    rows, users = edges.nonzero()
    return float((topic[rows] == own[users]).mean())


@pytest.mark.parametrize("base", list(Base))
def test_texts_that_tell_are_used_and_shuffled_ones_are_no_help(make_world, settings, base):
    told, shuffled = make_world(), make_world(shuffled=True)
    assert told.precision(fit(told.train, settings, base=base)) > 0.6
    assert shuffled.precision(fit(shuffled.train, settings, base=base)) < 0.4  # chance is 0.25


@pytest.mark.parametrize("refine", [one for one in Refine if one is not Refine.LANGUAGE_MODEL])
def test_the_users_of_a_cold_item_have_its_topic(make_world, settings, refine):
    told, shuffled = make_world(), make_world(shuffled=True)
    users = {
        name: fit(world.train, settings, refine=refine).simulate(world.query.items)
        for name, world in (("told", told), ("shuffled", shuffled))
    }
    assert share_of_topic(told, users["told"]) > 0.6
    assert share_of_topic(shuffled, users["shuffled"]) < 0.4
    counts = np.diff(users["told"].indptr)
    assert counts.min() >= 1 and counts.max() <= 10
    if refine is Refine.NONE:
        assert (counts == 10).all()


def test_the_classifier_says_no_to_users_whom_the_filter_let_pass(world, settings):
    """Fifteen users have an item's topic: among forty, most of the others are turned down."""
    wide = {"users": 40, "width": 1}
    cold = world.query.items
    every = fit(world.train, settings, refine=Refine.NONE, **wide).simulate(cold)
    fewer = fit(world.train, settings, refine=Refine.CLASSIFIER, **wide).simulate(cold)
    assert fewer.nnz < 0.75 * every.nnz
    assert share_of_topic(world, fewer) > share_of_topic(world, every) + 0.1


def test_random_users_bring_chance(world, settings):
    drawn = fit(world.train, settings, filter=Filter.RANDOM, refine=Refine.NONE)
    edges = drawn.simulate(world.query.items)
    assert (np.diff(edges.indptr) == 10).all()
    assert 0.15 < share_of_topic(world, edges) < 0.35
    only = fit(world.train, settings, filter=Filter.RANDOM, refine=Refine.NONE, prior_weight=0.0)
    assert world.precision(only) < 0.4
    turned = drawn.simulate(world.query.items.take(slice(None, None, -1)))
    np.testing.assert_array_equal(turned.toarray()[::-1], edges.toarray())


@pytest.mark.parametrize("base", list(Base))
def test_other_items_and_users_of_the_query_change_no_score(world, settings, base, monkeypatch):
    method = fit(world.train, settings, base=base)
    users, items = world.query.users, world.query.items
    whole = method.score(world.query)
    assert whole.dtype == np.float32
    few = method.score(Query(users, items.take(slice(3, 5))))
    np.testing.assert_allclose(few, whole[:, 3:5], rtol=1e-5, atol=1e-6)
    turned = method.score(Query(users.take(slice(None, None, -1)), items))
    np.testing.assert_allclose(turned[::-1], whole, rtol=1e-5, atol=1e-6)
    module = "coldbench.methods.language.simulated_interactions.simulation._NUMBERS"
    monkeypatch.setattr(module, 1)
    np.testing.assert_allclose(method.score(world.query), whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("base", list(Base))
def test_warm_items_are_those_of_the_base(world, settings, base):
    method = fit(world.train, settings, base=base, prior_weight=0.0)
    query = Query(world.train.users, world.train.items)
    expected = method.base_fit_.method.score(query)
    np.testing.assert_allclose(method.score(query), expected, rtol=1e-5, atol=1e-6)


def test_support_of_a_cold_item_joins_its_simulated_users(world, settings, make_entities):
    method = fit(world.train, settings, base=Base.ITEM_KNN, prior_weight=0.0)
    cold = world.query.items.take(slice(0, 1))
    strangers = np.zeros((1, 60))
    strangers[0, 1::4] = 1  # users of the topic that the text does not tell of
    shown = make_entities(Side.ITEM, [-1], strangers, cold.text)
    users = world.query.users
    before, after = (method.score(Query(users, one))[:, 0] for one in (cold, shown))
    assert after[1::4].mean() > before[1::4].mean() + 0.1


def test_ease_solves_the_column_that_a_longer_training_would_regress(world):
    train = world.train
    base = CollaborativeBase.fit(Base.EASE, train)
    matrix = train.interactions.csr
    x = matrix.toarray().astype(float)
    inverse = np.linalg.inv(x.T @ x + base.method.regularization * np.eye(x.shape[1]))
    np.testing.assert_allclose(base.diagonal, inverse.diagonal(), rtol=1e-4)
    edges = csr_matrix((np.random.default_rng(0).random((32, 60)) < 0.2).astype(np.float32))
    found = base.encode_items(world.query.items, edges, matrix)
    expected = inverse @ x.T @ edges.toarray().T
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)
    assert isinstance(base.method, EASE)


def test_users_without_a_history_get_what_is_popular(world, settings):
    for base in Base:
        method = fit(world.train, settings, base=base)
        users = world.query.users.take(slice(0, 2))
        nobody = replace(
            users,
            known=np.array([-1, -1], np.int32),
            history=csr_matrix(users.history.shape, dtype=np.float32),
        )
        scores = method.score(Query(nobody, world.query.items))
        np.testing.assert_array_equal(scores[0], scores[1])
        assert np.isfinite(scores).all() and scores[0].std() > 0


@pytest.mark.parametrize("base", list(Base))
def test_it_is_repeated_to_the_last_bit_and_survives_saving(world, settings, base, tmp_path):
    first, second = (fit(world.train, settings, base=base) for _ in range(2))
    scores = first.score(world.query)
    np.testing.assert_array_equal(scores, second.score(world.query))
    first.save(tmp_path / "state.npz")
    again = SimulatedInteractions(**settings | SMALL, base=base).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(world.query), scores)
    assert again.report() == first.report()
    assert again.parameter_counts() == first.parameter_counts()


def test_the_classifier_finds_the_planted_rule_and_stays_silent_without_one():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((2000, 3)) * (1, 100, 0.01)
    liked = features[:, 0] + features[:, 1] / 100 > 1.5
    made = Refiner.of(features, liked, 1.0)
    assert ((made.log_odds(features) > 0) == liked).mean() > 0.97
    nobody = Refiner.of(features, np.zeros(2000, bool), 1.0)
    np.testing.assert_array_equal(nobody.log_odds(features), 0)
    none = Refiner.of(np.zeros((0, 3)), np.zeros(0, bool), 1.0)
    np.testing.assert_array_equal(none.log_odds(features), 0)


def test_unfitted_it_says_so(world):
    with pytest.raises(NotFittedError, match="SimulatedInteractions is not fitted"):
        SimulatedInteractions().score(world.query)
