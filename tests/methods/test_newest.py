from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.errors import NotApplicableError, NotFittedError
from coldbench.methods.reference.newest import Newest


def dated(entities, dates):
    return replace(entities, released=np.array(dates, dtype=float))


def test_the_newest_come_first_and_an_undated_item_stands_at_the_median(world):
    train = world.train(np.eye(3))
    train = replace(train, items=dated(train.items, [1990, 2000, 1950]))
    items = dated(world.items([-1, -1, 0, -1], np.zeros((4, 3))), [2010.5, np.nan, 1990, 1940])
    scores = Newest().fit(train).score(world.query(train.users, items))
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores, np.tile([2010.5, 1990, 1990, 1940], (3, 1)))


def test_no_time_of_an_interaction_is_read(world):
    train = world.train(np.eye(3))
    train = replace(train, items=dated(train.items, [1990, 2000, 1950]))
    late = replace(train.interactions, timestamps=np.array([9, 1, 5], dtype=np.int64))
    query = world.query(train.users, train.items)
    for pairs in (train.interactions, late):
        scores = Newest().fit(replace(train, interactions=pairs)).score(query)
        np.testing.assert_array_equal(scores[0], [1990, 2000, 1950])


def test_without_dates_it_refuses(world):
    with pytest.raises(NotApplicableError, match="release dates"):
        Newest().fit(world.train(np.eye(3)))
    with pytest.raises(NotFittedError):
        Newest().score(world.query(world.users([-1], np.zeros((1, 3))), world.items([], [])))
