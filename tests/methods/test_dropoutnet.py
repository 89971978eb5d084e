from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.world import Query
from coldbench.methods.hybrid import content_inputs as _side_inputs
from coldbench.methods.hybrid import entity_blocks as encoding_blocks
from coldbench.methods.hybrid.content_inputs import (
    ContentInputs,
    Standardiser,
    TrainingContent,
)
from coldbench.methods.hybrid.dropoutnet.batches import InputDropout, ScorePairBatches
from coldbench.methods.hybrid.dropoutnet.method import DropoutNet
from coldbench.methods.hybrid.preference_inputs import PreferenceInputs
from coldbench.methods.hybrid.training_sides import TrainingSide
from coldbench.methods.training import pretrained_factors
from scipy.sparse import csr_matrix

from .planted import NEW_ITEM, PlantedNetworkSuite

METHOD, SETTINGS = DropoutNet, {"factors": 16, "epochs": 20}


class TestPlanted(PlantedNetworkSuite):
    falls_to = 0.5
    variants = ({"factors": 16},)
    blocks = (encoding_blocks, "BLOCK", 7)


def test_support_tells_users_without_features_apart(split):
    nothing = csr_matrix((len(split.train.users), 0), dtype=np.float32)
    users = replace(split.train.users, features=nothing)
    blind = DropoutNet(factors=16, epochs=4).fit(
        replace(split.train, users=users, validate=lambda method: 0.0)
    )
    scores = {}
    for k in (0, 10):
        query = split.test[f"new_user/warm/k={k}"].query
        users = replace(query.users, features=csr_matrix((len(query.users), 0), dtype=np.float32))
        scores[k] = blind.score(Query(users, query.items))
    assert np.allclose(scores[0], scores[0][0])  # nobody knows anything: the same for all
    assert scores[10].std(axis=0).min() > 0


def test_a_cold_entity_has_no_preference_whatever_the_factors_are(split, fit):
    method = fit(epochs=2)
    query = split.test[NEW_ITEM].query
    before = method.item_factors(query.items)
    assert not method.item_inputs_.preferences(query.items).any()
    method.item_inputs_.preferences.own[:] = 1e6  # would-be rows of the cold items among them
    method.item_inputs_.preferences.across[:] = -1e6
    assert np.array_equal(method.item_factors(query.items), before)


def test_preference_is_the_row_the_posterior_of_the_support_or_zero(world):
    own = np.array([[1.0, 0.0], [3.0, 2.0]], dtype=np.float32)
    across = np.array([[2.0, 4.0], [0.0, 2.0], [4.0, 0.0]], dtype=np.float32)
    history = csr_matrix(np.array([[1, 1, 0], [0, 1, 1]], dtype=np.float32))
    inputs = PreferenceInputs.of(own, across, history, 2.0)
    rows = world.users([1, -1, -1], [[0, 1, 1], [5, 0, 3], [0, 0, 0]])
    joined = inputs.prior.join(rows.history[1:2], across, strength=2.0)
    support = (joined[0] - own.mean(axis=0)) / own.std(axis=0)
    assert np.abs(support).max() > 0.01
    assert np.allclose(inputs(rows), [[1.0, 1.0], support, [0.0, 0.0]], atol=1e-6)


def test_wide_content_is_reduced_as_by_a_dense_decomposition():
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(30, 12)).astype(np.float32)
    content = ContentInputs.of(csr_matrix(dense), 4, seed=0)
    left, sizes, _ = np.linalg.svd(dense, full_matrices=False)
    expected = Standardiser.of(left[:, :4] * sizes[:4])(left[:, :4] * sizes[:4])
    assert np.allclose(np.abs(content(csr_matrix(dense))), np.abs(expected), atol=1e-3)
    assert content.width(csr_matrix(dense)) == 4
    narrow = ContentInputs.of(csr_matrix(dense), 12, seed=0)
    assert np.array_equal(narrow(csr_matrix(dense)), dense)


@pytest.mark.parametrize("rank", [4, 300])
def test_kept_content_is_the_content_of_each_row_to_the_bit(rank, monkeypatch):
    dense = np.random.default_rng(0).normal(size=(30, 12)).astype(np.float32)
    features = csr_matrix(np.where(dense > 0.5, dense, 0))
    content, at = ContentInputs.of(features, rank, seed=0), np.array([7, 3, 3, 29])
    kept = TrainingContent(features, content)(at)
    monkeypatch.setattr(_side_inputs, "_KEPT", 0)
    made = TrainingContent(features, content)(at)
    assert np.array_equal(kept, made) and np.array_equal(kept, content(features[at]))


def test_batches_give_the_pretrained_scores_and_the_right_shares(split, method):
    train = split.train
    own = np.random.default_rng(1).normal(size=(len(train.users), 16)).astype(np.float32)
    across = np.random.default_rng(2).normal(size=(len(train.items), 16)).astype(np.float32)
    sides = (
        TrainingSide(train.users, method.user_inputs_),
        TrainingSide(train.items, method.item_inputs_),
    )
    batches = ScorePairBatches(*sides, own, across, InputDropout(0.5, 0.25, 3), 64, 10, seed=5)
    asked, hidden, order = [], [], []
    for (preference, _), items, positions, targets in batches(0):
        assert positions.shape == targets.shape == (len(preference), 20)
        assert int(positions.max()) < len(items[0])
        asked.append(len(preference))
        hidden += (preference == 0).all(dim=1).tolist()
        order.append(targets)
    assert sum(asked) == len(train.users) and min(asked) >= 64
    assert 0.35 < np.mean(hidden) < 0.65
    best = np.sort(own @ across.T, axis=1)[:, -10:]
    assert np.isclose(np.concatenate(order)[:, :10].sum(), best.sum(), rtol=1e-4)


def test_cached_factors_are_those_that_would_be_fitted(split, fit, monkeypatch):
    query = split.test[NEW_ITEM].query
    first = fit(epochs=2).score(query)
    monkeypatch.setattr(pretrained_factors, "cache_arrays", lambda kind, key, make: make())
    assert np.array_equal(first, fit(epochs=2).score(query))
