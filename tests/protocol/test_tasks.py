"""Every task against loops over the pairs, and the words of the protocol one by one."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from coldbench.datasets.errors import SplitError
from coldbench.datasets.protocol.cuts.cut import TEST, TRAIN, VALIDATION, WARM
from coldbench.datasets.protocol.scenarios import Grid, NewItem, NewUser, NewUserNewItem, Warm
from hypothesis import given, settings
from hypothesis import strategies as st

SHOTS = [0, 1, 3]
ITEM_SHOTS = [0, 2]


def pairs_in(task, matrix):
    coo = matrix.tocoo()
    return set(zip(task.users[coo.row].tolist(), task.items[coo.col].tolist(), strict=True))


def history_of_users(split, task):
    coo = task.query.users.history.tocoo()
    return set(zip(task.users[coo.row].tolist(), split.items[coo.col].tolist(), strict=True))


def history_of_items(split, task):
    coo = task.query.items.history.tocoo()
    return set(zip(split.users[coo.col].tolist(), task.items[coo.row].tolist(), strict=True))


def expected_tasks(cut, part, forward=False):
    """Return {task: (truth, masked, support of cold entities, candidates, users)} by loops."""
    pairs = cut.pairs
    rows = list(zip(pairs.users.tolist(), pairs.items.tolist(), strict=True))
    here = [(u, i) for (u, i), p in zip(rows, cut.parts, strict=True) if p == part]
    time = dict(zip(rows, pairs.timestamps.tolist(), strict=True))
    cohort = lambda user, item: [  # noqa: E731
        (u, i) for u, i in here if cut.users[u] == user and cut.items[i] == item
    ]
    train = {r for r, p in zip(rows, cut.parts, strict=True) if p == TRAIN}
    known = set(train)
    if part == TEST:
        known |= {
            (u, i)
            for (u, i), p in zip(rows, cut.parts, strict=True)
            if p == VALIDATION and cut.users[u] == WARM and cut.items[i] == WARM
        }
    warm_items = {i for i, c in enumerate(cut.items) if c == WARM}
    cold_items = {i for i, c in enumerate(cut.items) if c == part}
    warm = set(cohort(WARM, WARM))
    tasks = {"warm/warm/k=0": (warm, known, set(), warm_items)}

    pool = cohort(WARM, part)
    of_item = {i: sorted((r for r in pool if r[1] == i), key=time.get) for i in cold_items}
    most = max(ITEM_SHOTS)
    evaluated = {i for i in cold_items if len(of_item[i]) > most}
    cold = {r for i in evaluated for r in of_item[i][most:]}
    first = {r for i in evaluated for r in of_item[i][:most]}
    for k in ITEM_SHOTS if evaluated else ():
        support = {r for i in evaluated for r in of_item[i][:k]}
        tasks[f"new_item/cold/k={k}"] = (cold, first, support, evaluated)
        tasks[f"new_item/all/k={k}"] = (cold | warm, known | first, support, warm_items | evaluated)

    cold_users = [u for u, c in enumerate(cut.users) if c == part]
    pool = cohort(part, WARM)
    own = {u: sorted((r for r in pool if r[0] == u), key=time.get) for u in cold_users}
    most = max(SHOTS)
    truth = {r for u in cold_users for r in own[u][most:]}
    first = {r for u in cold_users if len(own[u]) > most for r in own[u][:most]}
    late = {u: time[own[u][most - 1]] if len(own[u]) >= most else None for u in cold_users}
    both = {
        r
        for r in cohort(part, part)
        if late[r[0]] is not None and (not forward or time[r] > late[r[0]])
    }
    for k in SHOTS:
        support = {r for u in cold_users if len(own[u]) > most for r in own[u][:k]}
        tasks[f"new_user/warm/k={k}"] = (truth, first, support, warm_items)
        support = {r for u in {r[0] for r in both} for r in own[u][:k]}
        tasks[f"new_user_new_item/cold/k={k}"] = (both, set(), support, cold_items)
    return tasks


def check(data, scenario, seed):
    """Compare a random split with loops, task by task."""
    split = scenario.split(data, seed)
    cut = scenario._cut(data, data.positives, seed).settled(cold_users=True, cold_items=True)
    known_users = {u: at for at, u in enumerate(split.users.tolist())}
    known_items = {i: at for at, i in enumerate(split.items.tolist())}
    train = {
        (int(u), int(i))
        for u, i, p in zip(cut.pairs.users, cut.pairs.items, cut.parts, strict=True)
        if p == TRAIN
    }
    for part, tasks in ((VALIDATION, split.validation), (TEST, split.test)):
        expected = expected_tasks(cut, part)
        assert set(tasks) == {name for name, task in expected.items() if task[0]}
        for name, task in tasks.items():
            truth, masked, support, candidates = expected[name]
            assert pairs_in(task, task.truth) == truth
            users = {u for u, _ in truth}
            assert set(task.users.tolist()) == users
            assert set(task.items.tolist()) == candidates
            masked = {(u, i) for u, i in masked if u in users and i in candidates}
            assert pairs_in(task, task.masked) == masked
            assert (task.masked.data == 1).all()
            assert task.query.users.known.tolist() == [known_users.get(u, -1) for u in task.users]
            assert task.query.items.known.tolist() == [known_items.get(i, -1) for i in task.items]
            shown = support if name.startswith("new_user") else train
            assert history_of_users(split, task) == {r for r in shown if r[0] in users}
            shown = support if name.startswith("new_item") else set()
            assert history_of_items(split, task) == {r for r in train | shown if r[1] in candidates}
    return split


@pytest.mark.parametrize("seed", range(4))
def test_grid_agrees_with_loops(make, seed):
    data = make(n_users=70, n_items=60, density=0.2, seed=seed)
    check(data, Grid(shots=SHOTS, item_shots=ITEM_SHOTS, cold_fraction=0.3), seed)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), n_users=st.integers(12, 40), n_items=st.integers(12, 40))
def test_small_grids_agree_with_loops(make, seed, n_users, n_items):
    data = make(n_users, n_items, density=0.3, seed=seed, with_graph=False)
    try:
        check(data, Grid(shots=SHOTS, item_shots=ITEM_SHOTS, cold_fraction=0.5), seed)
    except SplitError as error:
        assert "shots" in str(error)  # so small a world that nobody can be asked


def test_temporal_grid_agrees_with_loops(make):
    data = make(n_users=90, n_items=70, density=0.3, seed=3, with_graph=False)
    pairs = data.interactions
    rng = np.random.default_rng(0)
    start = np.maximum(rng.random(90)[pairs.users], rng.random(70)[pairs.items])
    times = np.argsort(np.argsort(start + (1 - start) * rng.random(len(pairs))))
    data = replace(data, interactions=replace(pairs, timestamps=times.astype(np.int64)))
    scenario = Grid(strategy="temporal", shots=SHOTS, quantiles=[0.5, 0.75])
    split = scenario.split(data, 0)
    assert "new_user_new_item/cold/k=3" in split.test
    cut = scenario._cut(data, data.positives, 0).settled(cold_users=True, cold_items=True)
    expected = expected_tasks(cut, TEST, forward=True)
    for name in ("warm/warm/k=0", "new_user/warm/k=3", "new_user_new_item/cold/k=3"):
        task = split.test[name]
        assert pairs_in(task, task.truth) == expected[name][0]
    unfiltered = expected_tasks(cut, TEST)["new_user_new_item/cold/k=3"][0]
    assert pairs_in(task, task.truth) < unfiltered


def test_the_scenarios_agree_on_the_tasks_they_share(data):
    """The same cold items, and the same division, whichever scenario asks."""
    alone = NewItem().split(data, 5)
    again = NewItem().split(data, 5)
    assert alone.fingerprint == again.fingerprint
    grid = Grid().split(data, 5)
    assert set(grid.test) == {
        *Warm().split(data, 5).test,
        *alone.test,
        *NewUser().split(data, 5).test,
        *NewUserNewItem().split(data, 5).test,
    }
    np.testing.assert_array_equal(
        grid.test["new_item/cold/k=0"].items, alone.test["new_item/cold/k=0"].items
    )
    assert set(alone.test) == {"warm/warm/k=0", "new_item/cold/k=0", "new_item/all/k=0"}
    assert set(NewUser().split(data, 5).test) == {f"new_user/warm/k={k}" for k in (0, 1, 5, 10)}


def test_truth_is_the_same_for_every_k_and_supports_are_nested(data):
    split = Grid().split(data, 1)
    for tasks in (split.validation, split.test):
        for family in ("new_user/warm", "new_user_new_item/cold"):
            ladder = [tasks[f"{family}/k={k}"] for k in (0, 1, 5, 10)]
            shown = [history_of_users(split, task) for task in ladder]
            for k, task, support in zip((0, 1, 5, 10), ladder, shown, strict=True):
                assert (task.truth != ladder[0].truth).nnz == 0
                assert (task.masked != ladder[0].masked).nnz == 0
                assert np.diff(task.query.users.history.indptr).tolist() == [k] * len(task.users)
                assert not support & pairs_in(task, task.truth)
            assert all(a < b for a, b in pairwise(shown))


def test_support_is_the_earliest_and_truth_comes_later(data):
    split = NewUser(shots=[0, 2]).split(data, 1)
    times = dict(
        zip(
            zip(data.interactions.users.tolist(), data.interactions.items.tolist(), strict=True),
            data.interactions.timestamps.tolist(),
            strict=True,
        )
    )
    task = split.test["new_user/warm/k=2"]
    truth = pairs_in(task, task.truth)
    for user, item in history_of_users(split, task):
        assert all(times[user, item] <= times[pair] for pair in truth if pair[0] == user)


def test_without_complete_timestamps_the_lot_decides(data, make):
    timeless = make(times=False)
    one = NewUser().split(timeless, 1).test["new_user/warm/k=1"]
    gappy = timeless.interactions
    some = np.full(len(gappy), np.iinfo(np.int64).min)
    some[1:] = np.arange(1, len(gappy))
    partly = replace(timeless, interactions=replace(gappy, timestamps=some))
    two = NewUser().split(partly, 1).test["new_user/warm/k=1"]
    assert (one.truth != two.truth).nnz == 0
    assert (one.query.users.history != two.query.users.history).nnz == 0
    timed = NewUser().split(data, 1).test["new_user/warm/k=1"]
    assert (one.query.users.history != timed.query.users.history).nnz > 0


def test_users_with_too_few_positives_are_counted(make):
    data = make(n_users=100, n_items=40, density=0.3, with_graph=False)
    split = NewUser(shots=[0, 8]).split(data, 0)
    task = split.test["new_user/warm/k=8"]
    cold = split.facts["cold_test_users"]
    assert cold == 10
    assert 0 < task.left_out < cold
    assert len(task.users) == cold - task.left_out
    assert split.facts["test_users_left_out_new_user"] == task.left_out
    counts = np.bincount(data.positives.users, minlength=100)
    assert (counts[task.users] >= 9).all()


def test_no_truth_in_masks_and_no_cold_entity_in_training(data):
    split = Grid().split(data, 2)
    assert len(split.train.interactions) == split.train.users.history.nnz
    for tasks in (split.validation, split.test):
        for name, task in tasks.items():
            assert task.truth.multiply(task.masked).nnz == 0
            cold_items = set(task.items[task.cold_items].tolist())
            assert not cold_items & set(split.items.tolist())
            assert bool(cold_items) == ("/cold/" in name or "/all/" in name)
    validation = split.validation["new_item/cold/k=0"].items
    test = split.test["new_item/all/k=0"].items
    assert not set(validation.tolist()) & set(test.tolist())


def test_histories_hold_ones_although_ratings_differ(data):
    split = Grid().split(data, 2)
    assert set(split.train.interactions.values) > {3.0, 4.0}
    for task in split.test.values():
        assert set(task.query.users.history.data) <= {1.0}
        assert set(task.query.items.history.data) <= {1.0}
        assert set(task.truth.data) == {1.0}


def test_rating_task_splits_every_rated_pair_and_keeps_ratings(data):
    split = Grid(task="rating").split(data, 2)
    assert split.facts["pairs"] == len(data.interactions) > len(data.positives)
    ratings = data.interactions.ratings
    zeros = 0
    for task in split.test.values():
        coo = task.truth.tocoo()
        expected = ratings[task.users[coo.row], task.items[coo.col]]
        np.testing.assert_array_equal(np.asarray(expected).ravel(), coo.data)
        zeros += (coo.data == 0).sum()
        assert set(task.masked.data) <= {1.0}
    assert zeros > 0  # a rating of 0 is a rating
    history = split.train.users.history.tocoo()
    expected = ratings[split.users[history.row], split.items[history.col]]
    np.testing.assert_array_equal(np.asarray(expected).ravel(), history.data)
    support = split.test["new_user/warm/k=5"].query.users.history
    assert set(support.data) > {1.0, 2.0}


def test_a_shot_too_many_is_refused(data):
    with pytest.raises(SplitError, match=r"no cold test entity .* shots=\[0, 70\]; use fewer"):
        NewUser(shots=[0, 70]).split(data, 0)


def test_a_world_without_training_is_refused(data, keep_pairs):
    nothing = keep_pairs(data, np.zeros(0, dtype=np.int64))
    with pytest.raises(SplitError, match="no training interaction is left of 0"):
        Warm().split(nothing, 0)
