import numpy as np
import pytest
from coldbench.datasets.errors import SplitError
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.protocol.cuts.cut import OUTSIDE, TEST, TRAIN, VALIDATION, WARM
from coldbench.datasets.protocol.cuts.random_cut import Fractions, cut_randomly, divide
from coldbench.datasets.protocol.seeded_hash import hash_ids
from hypothesis import given, settings
from hypothesis import strategies as st

EIGHTY = Fractions(0.2, 0.1, 0.1)


def pairs_of(n_users, n_items, density, seed):
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((n_users, n_items)) < density)
    ones = np.ones(len(users), dtype=np.float32)
    return Interactions(
        users.astype(np.int32), items.astype(np.int32), ones, None, n_users, n_items
    )


def cut_of(pairs, seed, *, users=True, items=True, fractions=EIGHTY):
    keys = [hash_ids(np.arange(n).astype(str)) for n in (pairs.n_users, pairs.n_items)]
    return cut_randomly(pairs, *keys, seed, fractions, cold_users=users, cold_items=items)


def test_cohorts_have_the_published_sizes():
    cut = cut_of(pairs_of(50, 16_980, 0.001, 0), 3)
    assert np.bincount(cut.items, minlength=3).tolist() == [13_584, 1_698, 1_698]
    assert np.bincount(cut.users, minlength=3).tolist() == [40, 5, 5]


@settings(max_examples=40, deadline=None)
@given(st.integers(10, 40), st.integers(10, 40), st.floats(0.02, 0.9), st.integers(0, 10**9))
def test_every_pair_has_the_part_of_its_entities(n_users, n_items, density, seed):
    pairs = pairs_of(n_users, n_items, density, seed)
    cut = cut_of(pairs, seed)
    for part, user, item in zip(
        cut.parts, cut.users[pairs.users], cut.items[pairs.items], strict=True
    ):
        cold = {c for c in (user, item) if c != WARM}
        if not cold:
            assert part in (TRAIN, VALIDATION, TEST)
        else:
            assert part == (cold.pop() if len(cold) == 1 else OUTSIDE)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.floats(0.02, 0.9), st.integers(0, 10**9))
def test_nobody_loses_the_last_training_interaction(n_users, n_items, density, seed):
    pairs = pairs_of(n_users, n_items, density, seed)
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**63, len(pairs)).astype(np.uint64)
    fractions = Fractions(0.2, 0.3, 0.3)
    parts = divide(pairs.users, pairs.items, hashes, rng.random(n_users), n_items, fractions)
    training = parts == TRAIN
    assert set(pairs.users[training]) == set(pairs.users)
    assert set(pairs.items[training]) == set(pairs.items)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**9))
def test_only_the_last_pair_of_an_orphan_goes_back(seed):
    """Compared with pair by pair: what a user's share says, then one pair per orphan."""
    pairs = pairs_of(12, 12, 0.25, seed)
    rng = np.random.default_rng(seed)
    hashes = rng.permutation(len(pairs)).astype(np.uint64) << np.uint64(40)
    rounding = rng.random(12)
    fractions = Fractions(0.2, 0.25, 0.25)
    expected = np.zeros(len(pairs), dtype=int)
    for user in range(12):
        own = sorted(np.flatnonzero(pairs.users == user), key=lambda at: hashes[at])
        test = int(0.25 * len(own) + rounding[user])
        held = int(0.5 * len(own) + rounding[user])
        expected[own[:test]], expected[own[test:held]] = TEST, VALIDATION
    for side in (pairs.users, pairs.items):
        for entity in set(side.tolist()):
            own = np.flatnonzero(side == entity)
            if not (expected[own] == TRAIN).any():
                expected[max(own, key=lambda at: hashes[at])] = TRAIN
    actual = divide(pairs.users, pairs.items, hashes, rounding, 12, fractions)
    np.testing.assert_array_equal(actual, expected)


def test_shares_hold_for_each_user_and_on_the_whole():
    pairs = pairs_of(400, 300, 0.2, 0)
    cut = cut_of(pairs, 0, users=False, items=False)
    for part, share in ((VALIDATION, 0.1), (TEST, 0.1)):
        counts = np.bincount(pairs.users[cut.parts == part], minlength=400)
        totals = np.bincount(pairs.users, minlength=400)
        assert np.abs(counts - share * totals).max() < 1.0 + 1e-9
        assert abs((cut.parts == part).mean() - share) < 0.002


def test_users_with_few_pairs_are_also_asked():
    """Rounding at random: five pairs each give half a test pair in the mean."""
    users = np.repeat(np.arange(2000), 5).astype(np.int32)
    items = np.tile(np.arange(5), 2000).astype(np.int32)
    pairs = Interactions(users, items, np.ones(10_000, np.float32), None, 2000, 5)
    cut = cut_of(pairs, 0, users=False, items=False)
    tested = len(set(users[cut.parts == TEST].tolist()))
    assert 900 < tested < 1100


def test_another_seed_draws_others():
    pairs = pairs_of(60, 60, 0.3, 0)
    one, two = cut_of(pairs, 0), cut_of(pairs, 1)
    assert (one.users != two.users).any()
    assert (one.items != two.items).any()
    assert (one.parts != two.parts).any()
    np.testing.assert_array_equal(one.parts, cut_of(pairs, 0).parts)


def test_each_entity_is_cold_equally_often():
    pairs = pairs_of(50, 50, 0.1, 0)
    cold = sum((cut_of(pairs, seed).items != WARM).astype(int) for seed in range(300))
    assert cold.min() > 25
    assert cold.max() < 100
    assert cold.sum() == 300 * 10


@pytest.mark.parametrize("n", [1, 4])
def test_a_side_too_small_is_refused(n):
    with pytest.raises(SplitError, match=rf"cold_fraction=0.2 of {n} users makes [01] cold users"):
        cut_of(pairs_of(n, 40, 0.9, 0), 0)
