"""The encoder that predicts ratings learns what a topic is worth to whom, from texts alone."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.arrays import make_read_only
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.side_information import Side
from coldbench.datasets.world import Query
from scipy.sparse import csr_matrix

torch = pytest.importorskip("torch")

from coldbench.methods.language.finetuned_encoder.rating_batches import RatingBatches  # noqa: E402
from coldbench.methods.language.finetuned_encoder.rating_method import RatingEncoder  # noqa: E402
from coldbench.methods.language.finetuned_encoder.settings import (  # noqa: E402
    TrainingPrecision,
    Tuning,
)

from .killing import Killed, dying  # noqa: E402

QUICK = {
    "hidden": 32,
    "batch_size": 64,
    "fresh": 16,
    "epochs": 20,
    "top_layers": 1,
    "learning_rate": 3e-3,
    "encoder_learning_rate": 3e-3,
    "dropout": 0.1,
    "thinning": 0.2,
    "prior": 3.0,
    "training_precision": TrainingPrecision.FP32,
}
TOPICS = 4


@pytest.fixture
def make_rated(make_world, make_entities):
    """Return the builder of a world whose users give 5 to one topic and about 2 to the others."""

    def make(shuffled=False, kindness=0.0):
        world = make_world(shuffled=shuffled)
        rng = np.random.default_rng(5)
        n_users, n_items = 60, 48
        topic = np.arange(n_items + 32) % TOPICS
        users = np.arange(n_users)
        own = users[:, None] % TOPICS == topic[None]
        taste = np.where(own, 5.0, 2.0) + kindness * (users[:, None] // TOPICS % 2)
        taste = taste + rng.integers(-1, 1, taste.shape)
        shown = rng.random((n_users, n_items)) < 0.4
        rated = np.where(shown, taste[:, :n_items], 0).astype(np.float32)
        rows, items = (part.astype(np.int32) for part in np.nonzero(rated))
        warm = make_entities(Side.USER, users, rated, None)
        cold = world.query.items
        truth = taste[:, n_items:]

        def error(method):
            query = Query(warm, cold)
            found = method.for_group(query.group).predict(query)
            return float(np.sqrt(np.mean((found - truth) ** 2)))

        train = replace(
            world.train,
            interactions=Interactions(rows, items, rated[rows, items], None, n_users, n_items),
            users=warm,
            items=make_entities(Side.ITEM, np.arange(n_items), rated.T, world.text[:n_items]),
            validate=lambda method: -error(method),
        )
        return train, Query(warm, cold), truth, error

    return make


def offsets_error(train, truth, damping=5.0):
    history = train.users.history
    mean = history.data.mean()
    sums = np.asarray(history.sum(axis=1)).ravel() - mean * np.diff(history.indptr)
    predicted = mean + sums / (np.diff(history.indptr) + damping)
    return float(np.sqrt(np.mean((predicted[:, None] - truth) ** 2)))


@pytest.fixture
def fitted(make_rated, settings):
    train, query, truth, error = make_rated()
    short = settings | QUICK | {"epochs": 4, "tuning": Tuning.FROZEN}
    return RatingEncoder(**short).fit(train), train, query, truth, error


@pytest.mark.parametrize("tuning", [Tuning.FROZEN, Tuning.LORA])
def test_texts_lower_the_error_and_permuted_texts_do_not(make_rated, settings, tuning):
    found = {}
    for shuffled in (False, True):
        train, _, truth, error = make_rated(shuffled)
        method = RatingEncoder(**settings | QUICK | {"tuning": tuning}).fit(train)
        found[shuffled] = error(method) / offsets_error(train, truth)
        report = method.report()
        assert report["rmse_before"] == pytest.approx(offsets_error(train, truth), abs=1e-5)
        assert report["rmse_after"] <= report["rmse_before"]
        assert report["training"]["adequacy"]["chance_loss"] > 0
        assert (report["tuning"], report["validation_after"]) == (
            tuning.value,
            -report["rmse_after"],
        )
    assert found[False] < 0.85
    assert found[True] > 0.95


def test_the_own_rating_of_a_candidate_changes_nothing(fitted):
    method, train, query, *_ = fitted
    known = Query(query.users, train.items)
    before = method.predict(known)
    changed = query.users.history.copy()
    user, item = 3, changed[3].indices[1]
    changed[user, item] = 6 - changed[user, item]
    asked = replace(query.users, history=make_read_only(changed))
    after = method.predict(Query(asked, train.items))
    assert after[user, item] == before[user, item]
    assert (after[user] != before[user]).any(), "the other predictions have seen it"


def test_a_prediction_equals_that_of_the_history_without_the_candidate(fitted):
    method, train, query, *_ = fitted
    before = method.predict(Query(query.users, train.items))
    user, item = 3, query.users.history[3].indices[1]
    left = query.users.history.tolil()
    left[user, item] = 0
    asked = replace(query.users, history=make_read_only(csr_matrix(left, dtype=np.float32)))
    after = method.predict(Query(asked, train.items))
    assert after[user, item] == pytest.approx(before[user, item], abs=1e-5)


def test_a_training_batch_is_blind_to_the_rating_it_predicts(make_rated):
    train, *_ = make_rated()
    for seed in range(3):
        batches = RatingBatches(train.users.history, 1, 1, 50, 0.0, None, seed, mean=3, damping=5)
        for batch in itertools.islice(batches(0), 30):
            assert batch["target"][0] not in batch["entries"]
            # Offset and residuals are those of the shown ratings alone.
            offset = float(batch["base"][0]) - 3
            shown = batch["deviations"].double() + offset
            assert offset == pytest.approx(float(shown.sum()) / (len(shown) + 5), abs=1e-5)


def test_training_and_prediction_are_one_formula(fitted):
    """The network computes in single precision from batches, the scores in double from matrices."""
    method, train, query, *_ = fitted
    history, user = train.users.history, 3
    scores = method.predict(Query(query.users, train.items))[user]
    mean = method.range_["mean"]
    batches = RatingBatches(history[user], 99, 8, 999, 0.0, None, 0, mean=mean, damping=5.0)
    (batch,) = batches(0)
    items = torch.from_numpy(method.scorer_.item_vectors)[batch["items"]]
    with torch.no_grad():
        predicted = batch["base"] + method.scorer_.model.towers.correct(items, batch)
    lowest, highest = method.range_["lowest"], method.range_["highest"]
    targets = batch["items"][batch["target"]].numpy()
    assert len(targets) == history[user].nnz
    np.testing.assert_allclose(predicted.clamp(lowest, highest).numpy(), scores[targets], atol=1e-4)


def test_a_user_without_history_gets_the_mean_and_a_kind_one_more(make_rated, settings):
    train, query, *_ = make_rated(kindness=1.0)
    method = RatingEncoder(
        **settings | QUICK | {"learning_rate": 0.0, "tuning": Tuning.FROZEN, "epochs": 1}
    )
    method.fit(train)
    none = make_read_only(csr_matrix(query.users.history.shape, dtype=np.float32))
    bare = replace(query.users, history=none)
    mean = train.interactions.values.mean()
    assert method.predict(Query(bare, query.items)) == pytest.approx(mean, abs=1e-5)
    kind = np.arange(60) // TOPICS % 2 == 1
    found = method.predict(query).mean(axis=1)
    assert found[kind].mean() > found[~kind].mean() + 0.3


def test_predictions_stay_in_the_range_of_the_ratings(fitted):
    method, train, query, *_ = fitted
    found = method.predict(query)
    assert found.dtype == np.float32
    assert found.min() >= train.interactions.values.min()
    assert found.max() <= train.interactions.values.max()


def test_neither_order_nor_company_matters(fitted):
    method, _, query, *_ = fitted
    found = method.predict(query)
    users, items = np.arange(60)[::-1], np.arange(32)[::-1]
    turned = method.predict(Query(query.users.take(users), query.items.take(items)))
    np.testing.assert_allclose(turned, found[users][:, items], atol=1e-6)
    alone = method.predict(Query(query.users.take(slice(7, 8)), query.items))
    np.testing.assert_allclose(alone[0], found[7], atol=1e-6)


def test_saved_and_loaded_it_predicts_the_same(make_rated, settings, other_tiny, tmp_path):
    train, query, *_ = make_rated()
    short = settings | QUICK | {"epochs": 2}
    method = RatingEncoder(**short).fit(train)
    method.save(tmp_path / "model")
    again = RatingEncoder(**short).load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(query), method.predict(query))
    assert again.report() == method.report()
    other = RatingEncoder(**short | {"model_path": str(other_tiny)})
    with pytest.raises(ColdbenchError):
        other.load(tmp_path / "model")


def test_a_killed_training_goes_on_to_the_last_bit(make_rated, settings, tmp_path):
    train, query, *_ = make_rated()
    short = settings | QUICK | {"epochs": 3}
    whole = RatingEncoder(**short).fit(train)
    with pytest.raises(Killed):
        RatingEncoder(**short).fit(dying(train, tmp_path / "checkpoints", 2))
    again = RatingEncoder(**short).fit(dying(train, tmp_path / "checkpoints", None))
    np.testing.assert_array_equal(again.predict(query), whole.predict(query))


def test_without_ratings_nothing_is_trained_and_likeness_ranks(make_world, settings):
    world = make_world()
    method = RatingEncoder(**settings, **QUICK).fit(world.train)
    assert "training" not in method.report()
    assert np.all(method.predict(world.query) == 1)
    assert world.precision(method) > 0.3, "a quarter of the items is liked"
