"""The fine-tuned encoder is updated from step to step in a world whose taste moves."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from coldbench.benchmarks.evaluation.validation import ndcg_per_user, split
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.protocol.periods import Periods
from coldbench.datasets.side_information import Provenance, SideInformation, TextColumn
from coldbench.datasets.training import CheckpointFolder, TrainerSettings
from scipy.sparse import csr_matrix

torch = pytest.importorskip("torch")

from coldbench.methods.language.finetuned_encoder.batches import HistoryBatches  # noqa: E402
from coldbench.methods.language.finetuned_encoder.method import (  # noqa: E402
    FineTunedEncoder,
    Tuning,
)
from coldbench.methods.reference.popularity import Popularity  # noqa: E402

from .conftest import TOPICS, _text  # noqa: E402

N_USERS, N_ITEMS, TURN = 120, 160, 0.3
PERIODS = {"start": TURN, "periods": 3}
NEW, EARLIER = "warm/warm/k=0", "earlier/warm/k=0"


def moving_world(events=2400, seed=0):
    """Users of two kinds like one of two topics each; from ``TURN`` on, one of two others."""
    rng = np.random.default_rng(seed)
    topic = np.arange(N_ITEMS) % len(TOPICS)
    born_user, born_item = (
        np.where(rng.random(n) < 0.6, 0.0, rng.random(n)) for n in (N_USERS, N_ITEMS)
    )
    when = np.sort(rng.random(events))
    users, items = np.empty(events, np.int32), np.empty(events, np.int32)
    for at, time in enumerate(when):
        users[at] = user = rng.choice(np.flatnonzero(born_user <= time))
        liked = user % 2 + (2 if time >= TURN else 0) if rng.random() < 0.9 else rng.integers(4)
        items[at] = rng.choice(np.flatnonzero((born_item <= time) & (topic == liked)))
    _, first = np.unique(users.astype(np.int64) * N_ITEMS + items, return_index=True)
    users, items, when = users[first], items[first], (1e6 * when[first]).astype(np.int64)
    ones = np.ones(len(users), dtype=np.float32)
    text = TextColumn("title", Provenance.INTRINSIC, [_text(one, rng) for one in topic])
    return Dataset(
        name="moving",
        interactions=Interactions(users, items, ones, when, N_USERS, N_ITEMS),
        positive=np.ones(len(users), dtype=bool),
        user_ids=np.array([f"u{at}" for at in range(N_USERS)]),
        item_ids=np.array([f"i{at}" for at in range(N_ITEMS)]),
        users=SideInformation((), ()),
        items=SideInformation((), (text,)),
        graph=None,
        merged=0,
        rule="all",
    )


@pytest.fixture(scope="module")
def data():
    return moving_world()


def go_through(method, data, scenario, trainer=TrainerSettings(), validate=None):  # noqa: B008
    """Fit a method through the steps of a scenario; return it and the last split."""
    before = None
    for step in scenario.steps():
        made = split(data, step, 0)
        train = replace(made.train, trainer=trainer)
        if validate is not None:
            train = replace(train, validate=validate(train.validate))
        if before is None:
            method.fit(train)
        else:
            assert method.update(train, step.plan_update(before, made)) is method
        before = made
    return method, before


def measure(method, made, name):
    task = made.test[name]
    return float(ndcg_per_user(method.for_group("warm").score, task, 0).mean())


@pytest.fixture
def encoder(settings, quick):
    def make(**different):
        return FineTunedEncoder(**settings | quick | {"tuning": Tuning.FROZEN} | different)

    return make


def keep_last(validate):
    """Stand for a validation that keeps the last weights: here learning counts, not choosing."""
    numbers = itertools.count()
    return lambda method: next(numbers)


def compare(make, data):
    """Return NDCG@10 on the new period and on the earlier ones, by update."""
    found = {}
    for update in ("scratch", "warm", "recent", "replay", "none"):
        scenario = Periods(**PERIODS, period=2, update=update)
        fitted, made = go_through(make(), data, scenario, validate=keep_last)
        found[update] = {name: measure(fitted, made, name) for name in (NEW, EARLIER)}
    return found


def test_where_taste_moves_an_update_helps_and_recent_data_alone_forget(data, encoder):
    found = compare(lambda: encoder(epochs=8, prior_scale=1.0), data)
    for update in ("scratch", "warm", "recent", "replay"):
        assert found[update][NEW] > found["none"][NEW] + 0.02, found
    for update in ("scratch", "replay"):
        assert found["recent"][EARLIER] < found[update][EARLIER] - 0.02, found


def test_counts_show_the_same(data):
    found = compare(Popularity, data)
    for update in ("recent", "replay"):
        assert found[update][NEW] > found["none"][NEW] + 0.02, found
    assert found["recent"][EARLIER] < min(found[u][EARLIER] for u in ("scratch", "warm", "replay"))


def weights(method):
    return method.scorer_.state()["arrays"]


def assert_same(one, two):
    assert one.keys() == two.keys()
    for name in one:
        if isinstance(one[name], dict):
            assert_same(one[name], two[name])
        else:
            np.testing.assert_array_equal(one[name], two[name])


@pytest.mark.parametrize("tuning", [Tuning.FROZEN, Tuning.LORA])
def test_without_an_update_the_weights_stay_and_histories_move(data, encoder, tuning):
    make = lambda: encoder(tuning=tuning, epochs=2)  # noqa: E731
    first, _ = go_through(make(), data, Periods(period=1))
    moved, made = go_through(make(), data, Periods(period=2, update="none"))
    assert_same(weights(moved), weights(first))
    assert moved.groups_.keys() == first.groups_.keys() and first.groups_
    for group, view in first.groups_.items():
        assert_same(weights(moved.groups_[group]), weights(view))
    assert moved.prior_choice_ == first.prior_choice_ and moved.log_ == first.log_
    for one in (moved, *moved.groups_.values()):
        vectors = one.item_factors(made.train.items)
        np.testing.assert_allclose(one.scorer_.item_vectors, vectors, atol=1e-6)
    assert np.isfinite(moved.score(made.test[NEW].query)).all()


@pytest.mark.parametrize("tuning", [Tuning.FROZEN, Tuning.LORA, Tuning.ADALORA, Tuning.PREFIX])
def test_an_update_begins_with_the_weights_of_the_step_before(data, encoder, tuning):
    make = lambda: encoder(tuning=tuning, epochs=1)  # noqa: E731
    first, before = go_through(make(), data, Periods(period=1))
    step = Periods(period=2, update="warm")
    made = split(data, step, 0)
    change = step.plan_update(before, made)
    moved, _ = go_through(make(), data, Periods(period=2, update="none"))
    moved.groups_, moved.prior_choice_ = {}, {"prior_scale": 1.0}
    begins = made.train.validate(moved)
    first.update(made.train, change)
    assert first.log_["validation"][0] == [0, pytest.approx(float(begins), abs=1e-6)]
    assert first.log_["steps"] == -(-len(made.train.interactions) // first.batch_size)
    saved = first.state()
    again = make()
    again.restore(saved)
    query = made.test[NEW].query
    np.testing.assert_allclose(again.score(query), first.score(query), atol=1e-5)


def test_recent_targets_are_of_the_latest_period_and_histories_are_full(data):
    before, after = (split(data, Periods(period=at), 0) for at in (2, 3))
    change = Periods(period=3, update="recent").plan_update(before, after)
    matrix, times = after.train.interactions.csr, after.train.interactions.timestamps
    assert 0 < change.targets.sum() < len(times) / 3
    latest = {
        (int(u), int(i))
        for u, i in zip(
            after.train.interactions.users[change.targets],
            after.train.interactions.items[change.targets],
            strict=True,
        )
    }
    made = HistoryBatches(matrix, 32, 5, 1000, 0.0, None, 0, change.targets)
    asked, shown = [], 0
    for batch in made(0):
        items = batch["items"].numpy()
        targets = items[batch["candidates"].numpy()[batch["target"].numpy()]]
        for row, target in enumerate(targets.tolist()):
            history = set(items[batch["entries"][batch["rows"] == row].numpy()].tolist())
            whole = history | {target}
            (users,) = np.nonzero(
                [set(matrix[u].indices.tolist()) == whole for u in range(matrix.shape[0])]
            )
            assert any((int(u), target) in latest for u in users)
            asked.append(target)
            shown += len(history)
    assert len(asked) == len(latest) and shown > 5 * len(asked)
    counts = np.bincount([item for _, item in latest], minlength=matrix.shape[1])
    np.testing.assert_allclose(made._shares, np.clip(counts / len(latest), 1e-12, 1))


def test_an_update_repeats_to_the_last_bit(data, encoder):
    scenario = Periods(period=2, update="replay")
    one, two = (go_through(encoder(tuning=Tuning.LORA, epochs=1), data, scenario) for _ in range(2))
    query = one[1].test[NEW].query
    np.testing.assert_array_equal(one[0].score(query), two[0].score(query))


class Killed(Exception):
    pass


@pytest.mark.parametrize("died", [2, 6])
def test_a_killed_chain_goes_on_to_the_last_bit(data, encoder, died, tmp_path):
    """Each of its trainings has a checkpoint of its own."""
    scenario = Periods(period=2, update="recent")

    def make():
        return encoder(tuning=Tuning.LORA, epochs=3, prior_scale=1.0)

    def chain(after):
        asked = itertools.count()

        def dying(validate):
            def call(method):
                if next(asked) == after:
                    raise Killed
                return validate(method)

            return call

        trainer = TrainerSettings({}, {}, {}, CheckpointFolder(tmp_path / "run"))
        return go_through(make(), data, scenario, trainer, dying)

    whole, made = go_through(make(), data, scenario)
    with pytest.raises(Killed):
        chain(died)
    kept = {path.stem for path in (tmp_path / "run").iterdir()}
    assert kept == ({"training-1"} if died < 4 else {"training-1", "training-2"})
    resumed, _ = chain(99)
    assert resumed.log_["losses"] == whole.log_["losses"]
    query = made.test[NEW].query
    np.testing.assert_array_equal(resumed.score(query), whole.score(query))


def test_the_world_moves(data):
    """All of the asked period is younger than the turn, all of the earlier ones older."""
    made = split(data, Periods(**PERIODS, period=2), 0)
    topic = np.arange(N_ITEMS) % 4
    for name, young in ((NEW, True), (EARLIER, False)):
        task = made.test[name]
        items = task.items[csr_matrix(task.truth).tocoo().col]
        assert (topic[items] >= 2).mean() > 0.85 if young else (topic[items] < 2).mean() > 0.85
