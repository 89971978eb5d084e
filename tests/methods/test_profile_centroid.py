from dataclasses import replace

import numpy as np
import pytest
from coldbench.benchmarks.evaluation.validation import Validation
from coldbench.benchmarks.evaluation.validation import split as make_split
from coldbench.datasets.errors import NotFittedError
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.sources.planted.source import Planted
from coldbench.methods.content import profile_centroid
from coldbench.methods.content.profile_centroid import ProfileCentroid
from coldbench.methods.content.weighting import Weighting

COLD = ["new_item/cold/k=0", "new_user_new_item/cold/k=10"]


@pytest.fixture(scope="module")
def split():
    return make_split(Planted().load(), Grid(), 0)


def unit(rows):
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)


def dense_weights(features, weighting):
    """Return the tf-idf weights of the columns, or ones."""
    n, frequency = len(features), (features != 0).sum(axis=0)
    return np.log((1 + n) / (1 + frequency)) + 1 if weighting is Weighting.TFIDF else 1.0


@pytest.mark.parametrize("weighting", [Weighting.NONE, Weighting.TFIDF])
@pytest.mark.parametrize("entries", [1 << 22, 40])
def test_equals_the_cosine_to_the_mean_vector(world, monkeypatch, weighting, entries):
    monkeypatch.setattr(profile_centroid, "_ENTRIES", entries)
    rng = np.random.default_rng(0)
    features = rng.standard_normal((30, 6)) * (rng.random((30, 6)) < 0.6)
    asked = np.vstack([rng.standard_normal((10, 6)), np.zeros((1, 6)), features[:2]])
    pairs = (rng.random((20, 30)) < 0.3).astype(int)
    pairs[4] = 0
    train = world.train(pairs, item_features=features)
    query = world.query(train.users, world.items([-1] * 13, np.zeros((13, 20)), asked))
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


@pytest.mark.parametrize("weighting", list(Weighting))
@pytest.mark.parametrize("task", COLD)
def test_ranks_the_planted_world_and_permuted_features_do_not(split, weighting, task):
    method = ProfileCentroid(weighting=weighting).fit(split.train)
    query, rng = split.test[task].query, np.random.default_rng(0)
    ndcg = {name: [] for name in ("honest", "fooled", "chance")}
    ndcg["honest"].append(Validation({task: split.test[task]}, 0)(method))
    for _ in range(8):
        order = rng.permutation(len(query.items))
        items = replace(query.items, features=query.items.features[order])
        lot = replace(split.test[task], query=replace(query, items=items))
        ndcg["fooled"].append(Validation({task: lot}, 0)(method))
        scores = rng.random((len(query.users), len(query.items)), dtype=np.float32)
        ndcg["chance"].append(Validation({task: lot}, 0)(lambda _, scores=scores: scores))
    honest, fooled, chance = (float(np.mean(ndcg[name])) for name in ndcg)
    assert honest > 1.4 * chance
    assert abs(fooled - chance) < 0.35 * (honest - chance)


def test_document_frequencies_come_from_training_items_alone(split):
    method = ProfileCentroid().fit(split.train)
    query = split.test["new_item/cold/k=0"].query
    whole = method.score(query)
    alone = method.score(replace(query, items=query.items.take(slice(3, 4))))
    np.testing.assert_array_equal(whole[:, 3:4], alone)


def test_order_and_blocks_of_users_do_not_matter(split):
    method = ProfileCentroid().fit(split.train)
    query = split.test["new_user_new_item/cold/k=5"].query
    whole = method.score(query)
    back = method.score(replace(query, users=query.users.take(slice(None, None, -1))))
    one = method.score(replace(query, users=query.users.take(slice(2, 3))))
    np.testing.assert_array_equal(back[::-1], whole)
    np.testing.assert_array_equal(one, whole[2:3])


def test_saving_empty_features_and_no_candidates(split, world, tmp_path):
    query = split.test["new_user_new_item/cold/k=1"].query
    method = ProfileCentroid(weighting=Weighting.BM25).fit(split.train)
    method.save(tmp_path / "state.npz")
    again = ProfileCentroid(weighting=Weighting.BM25).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(query), method.score(query))
    none = replace(query, items=query.items.take(slice(0, 0)))
    assert method.score(none).shape == (len(query.users), 0)
    bare = world.train(np.eye(5), item_features=np.zeros((5, 0)))
    nothing = world.items([-1, 0], np.zeros((2, 5)), np.zeros((2, 0)))
    assert (method.fit(bare).score(world.query(bare.users, nothing)) == 0).all()
    with pytest.raises(NotFittedError):
        ProfileCentroid().score(query)
