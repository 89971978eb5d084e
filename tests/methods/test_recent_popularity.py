from dataclasses import replace

import numpy as np
import pytest
from coldbench.benchmarks.plugins.requirements import require
from coldbench.datasets.errors import NotApplicableError
from coldbench.datasets.interactions import NO_TIME
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.sources.planted.source import Planted
from coldbench.methods.reference.popularity import Popularity
from coldbench.methods.reference.recent_popularity import RecentPopularity

PAIRS = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0]])
DAY = 86_400


def timed(world, days, pairs=PAIRS):
    """Return a training data whose interactions, in row order, happened on these days."""
    train = world.train(pairs)
    times = np.asarray(np.asarray(days) * DAY, dtype=np.int64)
    return replace(train, interactions=replace(train.interactions, timestamps=times))


def scores(world, method):
    query = world.query(
        world.users([0, -1], [[1, 1, 0, 0], [0, 0, 0, 0]]),
        world.items([2, 1, -1, 0, 3], np.zeros((5, 3))),
    )
    return method.score(query)


def test_interactions_halve_per_half_life_of_age(world):
    # pairs in row order: (0,0) (0,1) (1,0) (1,2) (2,0) (2,1)
    fitted = RecentPopularity(half_life=10.0).fit(timed(world, [80, 90, 100, 70, 60, 100]))
    first = 2**-2 + 1 + 2**-4
    expected = [[2**-3, 2**-1 + 1, 0, first, 0]] * 2
    found = scores(world, fitted)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_only_the_age_counts_not_the_calendar(world):
    days = np.array([80, 90, 100, 70, 60, 100])
    one, two = (RecentPopularity().fit(timed(world, days + at)) for at in (0, 20_000))
    np.testing.assert_array_equal(scores(world, one), scores(world, two))
    before_1970 = RecentPopularity().fit(timed(world, days - 400))
    np.testing.assert_array_equal(scores(world, one), scores(world, before_1970))


def test_an_endless_half_life_is_popularity_and_a_tiny_one_the_last_day(world):
    train = timed(world, [1, 2, 3, 4, 5, 6])
    slow, quick = (RecentPopularity(half_life=days).fit(train) for days in (1e9, 1e-3))
    np.testing.assert_allclose(scores(world, slow), scores(world, Popularity().fit(train)))
    np.testing.assert_array_equal(scores(world, quick)[0], [0, 1, 0, 0, 0])


def test_no_interactions_score_nothing(world):
    fitted = RecentPopularity().fit(timed(world, [], np.zeros((3, 4))))
    assert (scores(world, fitted) == 0).all()


def test_a_split_without_every_time_is_refused():
    split = Grid().split(Planted(n_users=60).load(), 0)
    pairs = split.train.interactions
    some = np.full(len(pairs), 5, dtype=np.int64)
    some[3] = NO_TIME
    for times in (None, some):
        train = replace(split.train, interactions=replace(pairs, timestamps=times))
        with pytest.raises(NotApplicableError, match="RecentPopularity needs complete timestamps"):
            require(RecentPopularity(), replace(split, train=train))
    some = np.full(len(pairs), 5, dtype=np.int64)
    require(
        RecentPopularity(),
        replace(split, train=replace(split.train, interactions=replace(pairs, timestamps=some))),
    )


def test_a_moving_fashion_is_found(world):
    """Early interactions go to the first half of the items, late ones to the second."""
    rng = np.random.default_rng(0)
    late = rng.random((200, 40)) < np.where(np.arange(40) < 20, 0.3, 0.15)
    at = np.nonzero(late)
    days = np.where(at[1] < 20, rng.uniform(0, 100, len(at[0])), rng.uniform(900, 1000, len(at[0])))
    train = timed(world, days, late)
    query = world.query(world.users([-1], np.zeros((1, 40))), train.items)
    recent = RecentPopularity().fit(train).score(query)[0]
    ever = Popularity().fit(train).score(query)[0]
    assert recent[20:].min() > recent[:20].max()
    assert ever[:20].min() > ever[20:].max()


def test_state_survives_saving(world, tmp_path):
    fitted = RecentPopularity().fit(timed(world, [1, 2, 3, 4, 5, 6]))
    fitted.save(tmp_path / "state.npz")
    again = RecentPopularity().load(tmp_path / "state.npz")
    np.testing.assert_array_equal(scores(world, again), scores(world, fitted))
