"""What is asked of every collaborative method, on sixty users of two tastes."""

import numpy as np
import pytest
from coldbench.methods.collaborative.ease import EASE
from coldbench.methods.collaborative.implicit_als import ImplicitALS
from coldbench.methods.collaborative.implicit_bpr import ImplicitBPR
from coldbench.methods.collaborative.item_knn import ItemKNN
from coldbench.methods.collaborative.user_knn import UserKNN

from .conftest import BPR, random_pairs, taste_pairs

PERFECT = [ItemKNN(), ImplicitALS(factors=2, regularization=5.0)]
"""What puts every item of the user's taste above every other one."""
LEARNERS = [
    *PERFECT,
    EASE(regularization=200.0),
    UserKNN(neighbours=20, shrinkage=1.0),
    ImplicitBPR(**BPR, prior_weight=1.0),
]
"""Two shots are to say the taste: under BPR's default they weigh a sixth of what they tell."""
REST = np.arange(4, 40)


@pytest.fixture
def strangers(world):
    """Two new users with two shots each, of either taste."""
    shots = np.zeros((2, 40))
    shots[0, [0, 2]] = shots[1, [1, 3]] = 1
    return world.users([-1, -1], shots)


@pytest.mark.parametrize("method", LEARNERS)
def test_new_users_find_their_taste_with_two_shots(world, strangers, method, tmp_path):
    train = world.train(taste_pairs())
    query = world.query(strangers, train.items)
    scores = method.fit(train).score(query)
    for row in (0, 1):
        own, other = (scores[row, REST[side == REST % 2]] for side in (row, 1 - row))
        share = (own[:, None] > other).mean()
        assert share == 1 if method in PERFECT else share > 0.97
    method.save(tmp_path / "state.npz")
    settings = {k: v for k, v in vars(method).items() if not k.endswith("_")}
    again = type(method)(**settings).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(query), scores)


@pytest.mark.parametrize("method", LEARNERS)
def test_without_taste_there_is_nothing_to_find(world, strangers, method):
    """Shots carry no news where nobody has a taste: the same comparison lands on a half."""
    shares = []
    for seed in range(6):
        train = world.train(random_pairs(seed=seed))
        scores = method.fit(train).score(world.query(strangers, train.items))
        difference = scores[0, REST] - scores[1, REST]
        even, odd = difference[REST % 2 == 0], difference[REST % 2 == 1]
        shares.append((even[:, None] > odd).mean())
    assert abs(np.mean(shares) - 0.5) < 0.12


@pytest.mark.parametrize("method", LEARNERS)
def test_cold_items_without_support_tie(world, method):
    train = world.train(taste_pairs())
    cold = world.items([-1] * 3, np.zeros((3, 60)))
    assert (method.fit(train).score(world.query(train.users, cold)) == 0).all()


@pytest.mark.parametrize("method", LEARNERS)
def test_a_user_is_answered_alone_as_in_company(world, method):
    pairs = taste_pairs()
    train = world.train(pairs)
    fitted = method.fit(train)
    users = world.users([-1] * 60, pairs)
    together = fitted.score(world.query(users, train.items))
    alone = [fitted.score(world.query(users.take([row]), train.items))[0] for row in (59, 0, 17)]
    np.testing.assert_allclose(alone, together[[59, 0, 17]], rtol=1e-5, atol=1e-7)
