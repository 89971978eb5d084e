import numpy as np
import pytest
from coldbench.datasets.protocol.seeded_hash import (
    entity_hashes,
    hash_ids,
    order_by_key,
    pair_hashes,
    to_unit_interval,
)
from coldbench.datasets.splitmix import splitmix64
from hypothesis import given
from hypothesis import strategies as st

IDS = np.array(["a", "b", "ab", "ba", "", "é", "item 12", "12"])


def test_a_key_is_the_text_and_not_its_width_or_neighbours():
    keys = hash_ids(IDS)
    assert len(set(keys.tolist())) == len(IDS)
    wide = hash_ids(IDS.astype("<U40")[::-1])[::-1]
    np.testing.assert_array_equal(keys, wide)
    assert hash_ids(IDS[2:3])[0] == keys[2]
    assert len(hash_ids(np.zeros(0, dtype="<U3"))) == 0


def test_known_value_of_splitmix():
    # First output of SplitMix64 from state 0, as published with the generator.
    assert int(splitmix64(np.zeros(1, dtype=np.uint64))[0]) == 0xE220A8397B1DCDAF


def test_hashes_are_uniform_and_independent_between_seeds_and_purposes():
    keys = hash_ids(np.arange(20_000).astype(str))
    hashes = [
        to_unit_interval(entity_hashes(keys, seed, purpose))
        for seed, purpose in ((0, "a"), (1, "a"), (0, "b"), (2**63 + 5, "a"))
    ]
    hashes.append(to_unit_interval(pair_hashes(keys, keys[::-1], 0, "a")))
    for one in hashes:
        counts = np.histogram(one, bins=50, range=(0, 1))[0]
        assert ((counts - 400) ** 2 / 400).sum() < 100  # 49 degrees of freedom: p about 2e-5
    assert np.abs(np.corrcoef(hashes) - np.eye(5)).max() < 0.04


@given(st.lists(st.tuples(*(st.integers(0, most) for most in (5, 3, 2**64 - 1))), max_size=60))
def test_order_is_that_of_a_full_sort(rows):
    groups = np.array([r[0] for r in rows], dtype=np.int32)
    # Keys that differ only in bits that do not fit next to the group.
    keys = np.array([r[1] for r in rows], dtype=np.uint64)
    hashes = np.array([r[2] for r in rows], dtype=np.uint64)
    order = order_by_key(groups, keys, lambda at: hashes[at])
    expected = np.lexsort((hashes, keys, groups))
    triples = list(zip(groups, keys, hashes, strict=True))
    assert [triples[i] for i in order] == [triples[i] for i in expected]


@pytest.mark.parametrize("seed", [0, 1])
def test_order_of_many_equal_keys(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 1000, 5000).astype(np.int32)
    keys = (rng.integers(0, 3, 5000) * 2**60).astype(np.uint64)
    hashes = rng.integers(0, 2**63, 5000).astype(np.uint64)
    order = order_by_key(groups, keys, lambda at: hashes[at])
    np.testing.assert_array_equal(order, np.lexsort((hashes, keys, groups)))


@pytest.mark.parametrize("most", [1, 2**15, 2**40, 2**62])
def test_order_whatever_room_the_groups_leave_for_the_key(most):
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 3, 300) * (most // 2)
    keys = rng.integers(0, 5, 300).astype(np.uint64) << np.uint64(rng.integers(0, 60))
    hashes = rng.integers(0, 2**63, 300).astype(np.uint64)
    order = order_by_key(groups, keys, lambda at: hashes[at])
    np.testing.assert_array_equal(order, np.lexsort((hashes, keys, groups)))
