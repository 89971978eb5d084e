from dataclasses import replace

import numpy as np
import pytest
from coldbench.benchmarks.conformance.audits.audit import audit
from coldbench.benchmarks.conformance.test_splits import list_view_parts
from coldbench.datasets.errors import SplitError
from coldbench.datasets.hashing import hash_content
from coldbench.datasets.protocol.periods import Periods, UpdateRule

STEPS = (1, 2, 3, 4)


@pytest.fixture(scope="module")
def splits(growing):
    return {at: Periods(period=at).split(growing, 0) for at in STEPS}


def cut_off(data, at):
    """The time at which a period begins, counted from 0."""
    times = np.sort(data.positives.timestamps)
    share = 0.5 + 0.5 * at / 5
    return times[int(share * len(times))] if at < 5 else np.inf


def times_of(data):
    pairs = data.positives
    keys = zip(pairs.users.tolist(), pairs.items.tolist(), strict=True)
    return dict(zip(keys, pairs.timestamps.tolist(), strict=True))


def training_pairs(split):
    pairs = split.train.interactions
    users, items = split.users[pairs.users].tolist(), split.items[pairs.items].tolist()
    return list(zip(users, items, strict=True))


def truth_of(task):
    pairs = task.truth.tocoo()
    return list(zip(task.users[pairs.row].tolist(), task.items[pairs.col].tolist(), strict=True))


def test_each_step_knows_the_past_and_is_asked_about_the_next_period(growing, splits):
    when = times_of(growing)
    for at, split in splits.items():
        known, begins, ends = (cut_off(growing, one) for one in (at - 1, at, at + 1))
        assert max(when[pair] for pair in training_pairs(split)) < known
        for name, task in split.test.items():
            found = [when[pair] for pair in truth_of(task)]
            if not name.startswith("earlier/"):
                assert min(found) >= begins and max(found) < ends, name
        for name, task in split.validation.items():
            found = [when[pair] for pair in truth_of(task)]
            assert min(found) >= known and max(found) < begins, name
        assert audit(split, growing) == []
    assert {"warm/warm/k=0", "new_item/all/k=0", "new_user/warm/k=1"} <= set(splits[3].test)


def test_pairs_are_held_back_once_and_for_all(growing, splits):
    """The same in every step; nobody loses the first pair, so nobody becomes cold by it."""
    when, before = times_of(growing), set()
    for at, split in splits.items():
        trained, known = set(training_pairs(split)), cut_off(growing, at - 1)
        held = {pair for pair, time in when.items() if time < known} - trained
        assert before <= held and 0.04 < len(held) / (len(held) + len(trained)) < 0.12
        assert len(held) == split.facts["held_back_pairs"]
        for side in (0, 1):
            first = {}
            for pair in sorted(trained | held, key=lambda one: when[one]):
                first.setdefault(pair[side], when[pair])
            trained_first = {pair[side] for pair in trained if when[pair] == first[pair[side]]}
            assert trained_first == set(first)
        before = held


def test_what_is_held_back_from_before_the_latest_period_is_asked_for(growing, splits):
    when = times_of(growing)
    assert "earlier/warm/k=0" not in splits[1].test, "there is no earlier period yet"
    for at in STEPS[1:]:
        task, latest = splits[at].test["earlier/warm/k=0"], cut_off(growing, at - 2)
        held = set(when) - set(training_pairs(splits[at]))
        assert set(truth_of(task)) == {pair for pair in held if when[pair] < latest}
        ranked = task.masked.toarray() == 0
        positive = np.zeros((150, 100), dtype=bool)
        for pair, time in when.items():
            positive[pair] = time < cut_off(growing, at + 1)
        asked = positive[np.ix_(task.users, task.items)] & ranked
        assert np.array_equal(asked, task.truth.toarray() > 0), "other positives are masked"
        assert "earlier/warm/k=0" not in splits[at].validation


def test_without_a_share_nothing_is_held_back(growing):
    split = Periods(period=2, held_back=0.0).split(growing, 0)
    assert "held_back_pairs" not in split.facts and "earlier/warm/k=0" not in split.test


def test_what_is_held_back_is_masked_in_the_other_tasks(growing, splits):
    task, trained = splits[3].test["warm/warm/k=0"], set(training_pairs(splits[3]))
    ranked, known = task.masked.toarray() == 0, cut_off(growing, 2)
    held = {pair for pair, time in times_of(growing).items() if time < known} - trained
    rows, columns = (
        {one: at for at, one in enumerate(x.tolist())} for x in (task.users, task.items)
    )
    found = [ranked[rows[u], columns[i]] for u, i in held if u in rows]
    assert len(found) > 50 and not any(found)


@pytest.mark.parametrize("at", [1, 3])
def test_nothing_after_the_asked_period_moves_anything(growing, at):
    pairs = growing.interactions
    late = pairs.timestamps >= cut_off(growing, at + 1)
    items = pairs.items.copy()
    items[late] = (items[late] + 37) % 100
    taken = set((pairs.users[~late].astype(np.int64) * 100 + pairs.items[~late]).tolist())
    keep = ~late | ~np.isin(pairs.users.astype(np.int64) * 100 + items, list(taken))
    moved = np.where(keep, items, pairs.items).astype(np.int32)
    assert (moved != pairs.items).sum() > 100
    changed = replace(growing, interactions=replace(pairs, items=moved))
    one, two = (Periods(period=at).split(data, 0) for data in (growing, changed))
    assert one.fingerprint == two.fingerprint
    assert hash_content(*list_view_parts(one.train)) == hash_content(*list_view_parts(two.train))
    for name, task in one.test.items():
        assert (task.truth != two.test[name].truth).nnz == 0
        assert (task.masked != two.test[name].masked).nnz == 0


def test_all_updates_have_one_split(growing, splits):
    for update in UpdateRule:
        split = Periods(period=3, update=update).split(growing, 0)
        assert split.fingerprint == splits[3].fingerprint
        for name, task in split.test.items():
            other = splits[3].test[name]
            assert (task.query.users.history != other.query.users.history).nnz == 0
            np.testing.assert_array_equal(task.items, other.items)


def plan(splits, at, **settings):
    return Periods(period=at, **settings).plan_update(splits[at - 1], splits[at])


def test_recent_pairs_are_those_of_the_latest_period(growing, splits):
    times = splits[3].train.interactions.timestamps
    recent = plan(splits, 3, update="recent").targets
    np.testing.assert_array_equal(recent, times >= cut_off(growing, 1))
    assert 0 < recent.sum() < len(recent) / 3
    assert plan(splits, 3, update="warm").targets.all()
    assert not plan(splits, 3, update="none").targets.any()


@pytest.mark.parametrize(("replay", "share"), [(0.0, 0), (0.5, 0.5), (1.0, 1), (1e6, None)])
def test_replay_adds_older_pairs(splits, replay, share):
    recent = plan(splits, 3, update="recent").targets
    targets = plan(splits, 3, update="replay", replay=replay).targets
    assert targets[recent].all()
    older = int(targets[~recent].sum())
    assert older == (int((~recent).sum()) if share is None else round(share * recent.sum()))


def test_replay_is_drawn_from_the_seed_and_the_step(growing, splits):
    one, again = (plan(splits, 3, update="replay").targets for _ in range(2))
    np.testing.assert_array_equal(one, again)
    other = replace(splits[3], train=replace(splits[3].train, seed=1))
    two = Periods(period=3, update="replay").plan_update(splits[2], other).targets
    assert one.sum() == two.sum() and (one != two).any()


def test_an_update_says_where_everybody_was_before(splits):
    update = plan(splits, 4, update="warm")
    for places, new, old in (
        (update.users, splits[4].users, splits[3].users),
        (update.items, splits[4].items, splits[3].items),
    ):
        was = places >= 0
        np.testing.assert_array_equal(old[places[was]], new[was])
        assert was.sum() == len(old) and not np.isin(new[~was], old).any()
    assert (update.items < 0).any()


def test_the_steps_of_an_update():
    assert [one.period for one in Periods(period=4, update="warm").steps()] == [1, 2, 3, 4]
    assert [one.period for one in Periods(period=4, update="none").steps()] == [1, 4]
    for one in (Periods(period=4), Periods(period=1, update="warm"), Periods(update="none")):
        assert [step.period for step in one.steps()] == [one.period]
    assert {one.update for one in Periods(period=3, update="replay").steps()} == {UpdateRule.REPLAY}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"period": 5},
            "period=5 has no next period to ask about: periods=5 make the steps 1 to 4",
        ),
        ({"strategy": "random"}, "cannot have strategy=random"),
        ({"quantiles": [0.7, 0.8]}, "makes its quantiles from start and periods"),
        ({"period": 0}, "period = 0 must be at least 1"),
        ({"held_back": 1.0}, "held_back = 1.0 must be below 1"),
        ({"update": "daily"}, "update='daily' is none of: scratch, warm, recent, replay, none"),
        ({"item_shots": [1]}, "would show interactions of new items"),
    ],
)
def test_nonsense_is_refused(growing, settings, message):
    with pytest.raises(SplitError, match=message):
        Periods(**settings).split(growing, 0)


def test_ratings_and_clicks_are_split_too(growing):
    rated = Periods(period=2, task="rating").split(growing, 0).test["earlier/warm/k=0"]
    assert rated.truth.nnz and (rated.truth.multiply(rated.masked)).nnz == 0
    clicked = Periods(period=2, task="click").split(growing, 0).test["earlier/warm/k=0"]
    assert clicked.negatives is not None and clicked.negatives.nnz == clicked.truth.nnz
