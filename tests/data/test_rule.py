"""The rule of every dataset: duplicates, positives, the core, the indices."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from coldbench.datasets.interactions import NO_TIME
from coldbench.datasets.sources.building import preprocessing as rules
from coldbench.datasets.sources.building.coding import encode_densely
from coldbench.datasets.sources.building.filtering import find_k_core, keep_distinct_rows
from coldbench.datasets.sources.building.preprocessing import Rule, apply_rule, read_rated_pairs
from hypothesis import given, settings
from hypothesis import strategies as st

PAIRS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=60)


@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 4),
            st.integers(0, 4),
            st.integers(1, 5),
            st.one_of(st.just(int(NO_TIME)), st.integers(0, 9)),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_the_latest_row_of_a_pair_stays_and_ties_go_to_the_last(
    rows: list[tuple[int, int, int, int]],
) -> None:
    expected: dict[tuple[int, int], tuple[int, int]] = {}
    for user, item, value, time in rows:
        if (user, item) not in expected or time >= expected[user, item][1]:
            expected[user, item] = (value, time)
    users, items, values, times = (np.array(column) for column in zip(*rows, strict=True))
    order, merged = keep_distinct_rows(users.astype(np.int32), items.astype(np.int32), times, 5)
    order = np.arange(len(users)) if order is None else order
    found = list(zip(users[order], items[order], values[order], times[order], strict=True))
    assert found == [(u, i, *expected[u, i]) for u, i in sorted(expected)]
    assert merged == len(rows) - len(expected)


@given(rows=PAIRS)
def test_without_times_the_last_row_stays(rows: list[tuple[int, int]]) -> None:
    users, items = (np.array(column, dtype=np.int32) for column in zip(*rows, strict=True))
    order, merged = keep_distinct_rows(users, items, None, 8)
    order = np.arange(len(users)) if order is None else order
    last = {pair: row for row, pair in enumerate(rows)}
    assert order.tolist() == [last[pair] for pair in sorted(last)]
    assert merged == len(rows) - len(last)


def peeled(pairs: set[tuple[int, int]], k: int) -> set[tuple[int, int]]:
    """Drop one weak entity at a time, the slow way."""
    while True:
        users, items = Counter(u for u, _ in pairs), Counter(i for _, i in pairs)
        left = {(u, i) for u, i in pairs if users[u] >= k and items[i] >= k}
        if left == pairs:
            return pairs
        pairs = left


@given(rows=PAIRS, k=st.integers(1, 4))
@settings(max_examples=300)
def test_the_core_is_what_peeling_leaves(rows: list[tuple[int, int]], k: int) -> None:
    pairs = sorted(set(rows))
    users, items = (np.array(column) for column in zip(*pairs, strict=True))
    keep_users, keep_items = find_k_core(users, items, k, 8, 8)
    expected = peeled(set(pairs), k)
    assert {u for u, _ in expected} == set(np.flatnonzero(keep_users).tolist())
    assert {i for _, i in expected} == set(np.flatnonzero(keep_items).tolist())


@given(ids=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=40), high=st.booleans())
def test_codes_are_places_among_the_sorted_ids(ids: list[int], high: bool) -> None:
    array = np.array(ids if high else [one % 50 for one in ids], dtype=np.uint32)
    codes, distinct = encode_densely(array)
    assert distinct.tolist() == sorted(set(array.tolist()))
    np.testing.assert_array_equal(distinct[codes], array)
    assert codes.dtype == np.int32


def rows_of(pairs: list[tuple[int, int, float]]) -> dict[str, np.ndarray]:
    users, items, ratings = zip(*pairs, strict=True)
    return {
        "user": np.array(users, dtype=np.uint32),
        "item": np.array(items, dtype=np.uint32),
        "rating": np.array(ratings, dtype=np.float32),
    }


def test_every_rated_pair_among_the_kept_stays() -> None:
    """The core is of positives; a low rating between two kept entities is kept with it."""
    pairs = [(1, 10, 5.0), (1, 20, 5.0), (2, 10, 4.0), (2, 20, 1.0), (3, 10, 1.0), (1, 30, 5.0)]
    arrays = apply_rule(Rule(4.0, 1), rows_of(pairs))
    assert arrays["user_ids"].tolist() == [1, 2] and arrays["item_ids"].tolist() == [10, 20, 30]
    assert arrays["users"].tolist() == [0, 0, 0, 1, 1] and arrays["items"].tolist() == [
        0,
        1,
        2,
        0,
        1,
    ]
    assert arrays["positive"].tolist() == [True, True, True, True, False]
    assert arrays["known_items"].tolist() == [10, 20, 30]


def assert_same(
    one: dict[str, np.ndarray], other: dict[str, np.ndarray], but: tuple[str, ...] = ()
) -> None:
    assert one.keys() == other.keys()
    for name in one.keys() - set(but):
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@given(rows=PAIRS, seed=st.integers(0, 99))
def test_the_order_of_the_rows_changes_nothing(rows: list[tuple[int, int]], seed: int) -> None:
    pairs = [(u, i, float(1 + (u * i) % 5)) for u, i in sorted(set(rows))]
    mixed = [pairs[at] for at in np.random.default_rng(seed).permutation(len(pairs))]
    one, other = (apply_rule(Rule(None, 0), rows_of(each)) for each in (pairs, mixed))
    assert_same(one, other)


def test_a_pair_out_of_the_core_leaves_no_trace() -> None:
    core = [(u, i, 5.0) for u in (5, 6) for i in (7, 8)]
    plain = apply_rule(Rule(None, 2), rows_of(core))
    extended = apply_rule(Rule(None, 2), rows_of([*core, (1, 2, 5.0)]))
    assert_same(plain, extended, but=("known_items",))


def test_the_outcome_is_found_again_until_file_or_rule_change(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "WORTH_CACHING", 0)
    path = tmp_path / "ratings"
    path.write_bytes(b"one")
    calls: list[int] = []

    def read(stored: bytes) -> dict[str, np.ndarray]:
        assert stored == path.read_bytes()
        calls.append(1)
        return rows_of([(1, 1, 5.0), (1, 2, 3.0)])

    first = read_rated_pairs(Rule(4.0, 0), "x", path, read)
    again = read_rated_pairs(Rule(4.0, 0), "x", path, read)
    assert len(calls) == 1
    assert first.interactions.values.tolist() == again.interactions.values.tolist() == [5, 3]
    assert again.interactions.users.tolist() == [0, 0] and again.positive.tolist() == [True, False]
    read_rated_pairs(Rule(3.0, 0), "x", path, read)
    read_rated_pairs(Rule(4.0, 0), "y", path, read)
    path.write_bytes(b"two")
    read_rated_pairs(Rule(4.0, 0), "x", path, read)
    assert len(calls) == 4
    assert len(list((home / "cache" / "pairs").glob("*.npz"))) == 4


def test_rules_in_words() -> None:
    assert Rule(4.0, 5).sentence().startswith("positive = a rating of at least 4; kept are")
    assert Rule(None, 0).sentence() == "positive = every pair; every user and item is kept"
