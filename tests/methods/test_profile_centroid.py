from dataclasses import replace

import numpy as np
import pytest
from coldbench.methods.content import profile_centroid
from coldbench.methods.content.profile_centroid import ProfileCentroid
from coldbench.methods.item_content.weighting import Weighting

from .conftest import sparse_content, unit
from .planted import PlantedSuite

METHOD, SETTINGS = ProfileCentroid, {}


@pytest.fixture(scope="module", params=list(Weighting))
def method(fit, request):
    return fit(weighting=request.param)


class TestPlanted(PlantedSuite):
    above_chance = 1.4
    left_of_gain = 0.35
    variants = tuple({"weighting": weighting} for weighting in Weighting)
    rtol, atol = 0, 0


def dense_weights(features, weighting):
    """Return the tf-idf weights of the columns, or ones."""
    n, frequency = len(features), (features != 0).sum(axis=0)
    return np.log((1 + n) / (1 + frequency)) + 1 if weighting is Weighting.TFIDF else 1.0


@pytest.mark.parametrize("weighting", [Weighting.NONE, Weighting.TFIDF])
@pytest.mark.parametrize("entries", [1 << 22, 40])
def test_equals_the_cosine_to_the_mean_vector(world, monkeypatch, weighting, entries):
    monkeypatch.setattr(profile_centroid, "_ENTRIES", entries)
    features, asked, pairs, train, query = sparse_content(world)
    scores = ProfileCentroid(weighting=weighting).fit(train).score(query)
    weights = dense_weights(features, weighting)
    vectors = unit(features * weights)
    means = np.array([vectors[row > 0].mean(axis=0) if row.any() else np.zeros(6) for row in pairs])
    expected = unit(means) @ unit(asked * weights).T
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)
    assert (scores[4] == 0).all()
    assert (scores[:, 10] == 0).all()


def test_values_of_a_history_do_not_count(world):
    features = np.eye(3)
    train = world.train(np.array([[1, 1, 0]]), item_features=features, ratings=[[1, 5, 0]])
    scores = (
        ProfileCentroid(weighting=Weighting.NONE)
        .fit(train)
        .score(world.query(train.users, train.items))
    )
    np.testing.assert_allclose(scores, [[np.sqrt(0.5), np.sqrt(0.5), 0]], rtol=1e-6)


def test_document_frequencies_come_from_training_items_alone(split, method):
    query = split.test["new_item/cold/k=0"].query
    whole = method.score(query)
    alone = method.score(replace(query, items=query.items.take(slice(3, 4))))
    np.testing.assert_array_equal(whole[:, 3:4], alone)


def test_empty_features_score_nothing(world):
    bare = world.train(np.eye(5), item_features=np.zeros((5, 0)))
    nothing = world.items([-1, 0], np.zeros((2, 5)), np.zeros((2, 0)))
    assert (ProfileCentroid().fit(bare).score(world.query(bare.users, nothing)) == 0).all()
