from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.errors import SplitError
from coldbench.datasets.interactions import NO_TIME, Interactions
from coldbench.datasets.protocol.cuts.cut import OUTSIDE, TEST, TRAIN, VALIDATION
from coldbench.datasets.protocol.cuts.temporal_cut import cut_by_time
from coldbench.datasets.protocol.scenarios import Grid, NewItem, NewUser, Warm


def timed(rows, n_users=4, n_items=4):
    users, items, times = (np.array(column) for column in zip(*rows, strict=True))
    ones = np.ones(len(rows), dtype=np.float32)
    indices = users.astype(np.int32), items.astype(np.int32)
    return Interactions(*indices, ones, times.astype(np.int64), n_users, n_items)


def test_ten_pairs_are_cut_where_the_quantiles_say():
    rows = [(0, 0, 10), (1, 0, 20), (0, 1, 30), (1, 1, 40), (0, 2, 50), (2, 0, 60), (1, 2, 60)]
    rows += [(2, 1, 70), (0, 3, 80), (2, 2, 90)]
    cut = cut_by_time(timed(rows), [0.5, 0.8])
    assert cut.parts.tolist() == [TRAIN] * 5 + [VALIDATION] * 3 + [TEST] * 2
    assert cut.users.tolist() == [TRAIN, TRAIN, VALIDATION, OUTSIDE]
    assert cut.items.tolist() == [TRAIN, TRAIN, TRAIN, TEST]


def test_what_happens_from_a_third_cut_off_on_is_outside():
    rows = [(0, 0, 10), (1, 0, 20), (0, 1, 30), (1, 1, 40), (2, 0, 50), (2, 1, 60), (2, 2, 70)]
    rows += [(0, 2, 80), (3, 3, 90), (0, 3, 100)]
    cut = cut_by_time(timed(rows), [0.4, 0.6, 0.8])
    assert cut.parts.tolist() == [TRAIN] * 4 + [VALIDATION] * 2 + [TEST] * 2 + [OUTSIDE] * 2
    assert cut.users.tolist() == [TRAIN, TRAIN, VALIDATION, OUTSIDE]
    assert cut.items.tolist() == [TRAIN, TRAIN, TEST, OUTSIDE]


@pytest.mark.parametrize(
    ("scenario", "fingerprint"),
    [
        (Grid(strategy="temporal", shots=[0, 2], quantiles=[0.7, 0.85]), "dc772eae06d159ea"),
        (NewUser(strategy="temporal", shots=[0, 2], quantiles=[0.7, 0.85]), "61d0b91d77f5eb5e"),
        (NewItem(strategy="temporal"), "26173ab3c9104f03"),
        (Warm(strategy="temporal"), "9f3dc1f8323cdc4c"),
    ],
)
def test_splits_are_those_of_published_records(growing, scenario, fingerprint):
    """The fingerprints from before there was a third cut-off."""
    assert scenario.split(growing, 0).fingerprint.startswith(fingerprint)


def test_pairs_of_the_same_second_stay_together():
    rows = [(0, 0, 1), (0, 1, 2), (0, 2, 2), (1, 0, 2), (1, 1, 3), (1, 2, 4)]
    cut = cut_by_time(timed(rows), [0.5, 0.7])
    assert cut.parts.tolist() == [TRAIN] + [VALIDATION] * 3 + [TEST] * 2


def test_row_order_does_not_matter():
    rng = np.random.default_rng(0)
    rows = [(int(u), int(i), int(t)) for u, i, t in rng.integers(0, 4, (40, 3))]
    rows = [(u, i, t * 10 + n % 7) for n, (u, i, t) in enumerate(dict.fromkeys(rows))]
    order = rng.permutation(len(rows))
    one = cut_by_time(timed(rows), [0.5, 0.8])
    two = cut_by_time(timed([rows[at] for at in order]), [0.5, 0.8])
    np.testing.assert_array_equal(one.parts[order], two.parts)
    np.testing.assert_array_equal(one.users, two.users)


def test_training_is_past_and_each_stage_its_period(growing):
    split = Grid(strategy="temporal", shots=[0, 2], quantiles=[0.7, 0.85]).split(growing, 0)
    times = growing.positives.timestamps
    first, second = np.sort(times)[[int(0.7 * len(times)), int(0.85 * len(times))]]
    assert split.train.interactions.timestamps.max() < first
    pairs = growing.positives
    keys = zip(pairs.users.tolist(), pairs.items.tolist(), strict=True)
    when = dict(zip(keys, times.tolist(), strict=True))
    seen = 0
    for tasks, start, end in (
        (split.validation, first, second),
        (split.test, second, np.inf),
    ):
        for task in tasks.values():
            coo = task.truth.tocoo()
            for user, item in zip(task.users[coo.row], task.items[coo.col], strict=True):
                assert start <= when[int(user), int(item)] < end
                seen += 1
    assert seen > 500


def test_support_precedes_all_truth_of_its_user(growing):
    split = Grid(strategy="temporal", shots=[0, 2], quantiles=[0.7, 0.85]).split(growing, 0)
    pairs = growing.positives
    keys = zip(pairs.users.tolist(), pairs.items.tolist(), strict=True)
    when = dict(zip(keys, pairs.timestamps.tolist(), strict=True))
    for name in ("new_user/warm/k=2", "new_user_new_item/cold/k=2"):
        task = split.test[name]
        for row, user in enumerate(task.users.tolist()):
            shown = split.items[task.query.users.history[row].indices].tolist()
            evaluated = task.items[task.truth[row].indices].tolist()
            assert len(shown) == 2
            assert max(when[user, i] for i in shown) <= min(when[user, i] for i in evaluated)


def test_cold_entities_are_those_first_seen_in_the_period(growing):
    split = Grid(strategy="temporal", shots=[0], quantiles=[0.7, 0.85]).split(growing, 0)
    pairs = growing.positives
    first, second = np.sort(pairs.timestamps)[[int(q * len(pairs)) for q in (0.7, 0.85)]]
    born = np.full(100, np.iinfo(np.int64).max)
    np.minimum.at(born, pairs.items, pairs.timestamps)
    cold = {
        name: set(split_.items.tolist())
        for name, split_ in (
            ("validation", split.validation["new_item/cold/k=0"]),
            ("test", split.test["new_item/cold/k=0"]),
        )
    }
    assert cold["validation"] == set(np.flatnonzero((born >= first) & (born < second)).tolist())
    late = (born >= second) & (born < np.iinfo(np.int64).max)
    assert cold["test"] == set(np.flatnonzero(late).tolist())
    assert set(split.items.tolist()) == set(np.flatnonzero(born < first).tolist())


def test_what_comes_later_changes_nothing_of_training(growing):
    """Other pairs after the second cut-off, at the same times: the training data stands."""
    scenario = Grid(strategy="temporal", shots=[0, 2], quantiles=[0.7, 0.85])
    before = scenario.split(growing, 0)
    pairs = growing.interactions
    times = growing.positives.timestamps
    second = np.sort(times)[int(0.85 * len(times))]
    late = pairs.timestamps >= second
    items = pairs.items.copy()
    items[late] = (items[late] + 37) % 100
    key = pairs.users.astype(np.int64) * 100 + items
    early_keys = set(key[~late].tolist())
    ok = ~late | ~np.isin(key, list(early_keys))
    items = np.where(ok, items, pairs.items).astype(np.int32)
    changed = replace(growing, interactions=replace(pairs, items=items))
    after = scenario.split(changed, 0)
    assert (before.train.users.history != after.train.users.history).nnz == 0
    np.testing.assert_array_equal(before.train.interactions.items, after.train.interactions.items)
    for name, task in before.validation.items():
        assert (task.truth != after.validation[name].truth).nnz == 0
    assert before.fingerprint != after.fingerprint


def test_missing_timestamps_are_refused(make, data):
    for timeless in (
        make(times=False),
        replace(
            data,
            interactions=replace(
                data.interactions,
                timestamps=np.where(np.arange(len(data.interactions)) % 3, 5, NO_TIME),
            ),
        ),
    ):
        with pytest.raises(SplitError, match="strategy=temporal needs a timestamp on every"):
            Warm(strategy="temporal").split(timeless, 0)


def test_coarse_timestamps_are_refused():
    rows = [(u, i, 7) for u in range(3) for i in range(3)]
    with pytest.raises(SplitError, match="fall on the times 7 and 7"):
        cut_by_time(timed(rows), [0.8, 0.9])


def test_nobody_new_is_refused(data):
    with pytest.raises(SplitError, match="no cold items for the test: none is first seen"):
        NewItem(strategy="temporal").split(data, 0)


def test_item_shots_are_refused(growing):
    with pytest.raises(SplitError, match=r"shots=\[0, 2\] with strategy=temporal would show"):
        NewItem(strategy="temporal", shots=[0, 2]).split(growing, 0)
    with pytest.raises(SplitError, match=r"item_shots=\[1\] with strategy=temporal would show"):
        Grid(strategy="temporal", item_shots=[1]).split(growing, 0)


def test_new_items_are_no_candidates_of_a_new_user(growing):
    split = NewUser(strategy="temporal", shots=[0, 2], quantiles=[0.7, 0.85]).split(growing, 0)
    task = split.test["new_user/warm/k=0"]
    np.testing.assert_array_equal(task.items, split.items)
    assert split.facts["outside_items"] > 0
    assert split.train.unseen_items is None
