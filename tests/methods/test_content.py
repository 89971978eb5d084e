import numpy as np
import pytest
from coldbench.datasets.errors import NotApplicableError
from coldbench.methods import neighbours as shared
from coldbench.methods.content.content_knn import ContentKNN
from coldbench.methods.content.kernel_ridge import KernelRidge
from coldbench.methods.item_content.kernels import Kernel
from coldbench.methods.item_content.neighbour_method import Neighbourhood
from coldbench.methods.item_content.weighting import (
    Weighting,
    compute_column_weights,
    compute_mean_length,
    weight_rows,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import accuracy, sparse_content, unit

N_USERS, N_ITEMS, TOPICS = 60, 60, 4


def topic_world(world, permute=False, seed=0):
    """Users and items each have a topic; features name it (unless ``permute``), plus noise.

    Returns the training data of 60 items, a query on 40 cold items, and the liked pairs of it.
    """
    rng = np.random.default_rng(seed)
    everything = N_ITEMS + 40
    topics = np.arange(everything) % TOPICS
    features = np.column_stack([np.eye(TOPICS)[topics], rng.random((everything, 2)) < 0.5])
    if permute:
        features = features[rng.permutation(everything)]
    likes = np.equal.outer(np.arange(N_USERS) % TOPICS, topics)
    pairs = (rng.random((N_USERS, N_ITEMS)) < np.where(likes[:, :N_ITEMS], 0.5, 0.02)).astype(int)
    pairs[np.arange(N_USERS), np.arange(N_USERS) % N_ITEMS] = 1
    train = world.train(pairs, item_features=features[:N_ITEMS])
    cold = world.items([-1] * 40, np.zeros((40, N_USERS)), features[N_ITEMS:])
    return train, world.query(train.users, cold), likes[:, N_ITEMS:]


@pytest.mark.parametrize("neighbours", [1, 3, 50])
@pytest.mark.parametrize("kept", [True, False])
def test_content_knn_equals_brute_force(world, monkeypatch, neighbours, kept):
    if not kept:
        monkeypatch.setattr(shared, "_BYTES_KEPT", 0)
        monkeypatch.setattr(shared, "_BYTES_AT_ONCE", 4 * 30 * 4)
    features, asked, pairs, train, query = sparse_content(world)
    fitted = ContentKNN(neighbours=neighbours, weighting=Weighting.NONE, prior_weight=0).fit(train)
    similar = unit(asked) @ unit(features).T
    expected = [
        [np.sort(row[history > 0])[::-1][:neighbours].sum() for row in similar] for history in pairs
    ]
    np.testing.assert_allclose(fitted.score(query), expected, rtol=1e-5, atol=1e-5)
    assert (fitted.score(query)[4] == 0).all()
    assert (fitted.score(query)[:, 10] == 0).all()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_top_k_kernel_does_not_mind_the_order_of_a_history(data):
    from coldbench.methods.compiled_neighbours import sum_largest

    value = st.floats(-1, 1, width=32)
    row = np.array(data.draw(st.lists(value, min_size=1, max_size=12)), dtype=np.float32)
    k = data.draw(st.integers(1, 14))
    order = data.draw(st.permutations(range(len(row))))
    scores = np.empty((3, 1), dtype=np.float32)
    indices = np.concatenate([np.arange(len(row)), order]).astype(np.int32)
    sum_largest(
        row[None], np.array([0, len(row), len(row), 2 * len(row)], np.int32), indices, k, scores
    )
    expected = np.sort(row.astype(float))[::-1][:k].sum()
    np.testing.assert_allclose(scores[0], expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(scores[0], scores[2])
    assert scores[1] == 0


def test_weights_by_hand(world):
    features = world.matrix([[2, 0, 1], [1, 0, 0], [0, 0, 3]])
    idf = compute_column_weights(features, Weighting.TFIDF)
    np.testing.assert_allclose(idf, np.log([4 / 3, 4 / 1, 4 / 3]) + 1)
    bm25 = compute_column_weights(features, Weighting.BM25)
    np.testing.assert_allclose(bm25, np.log(1 + np.array([1.5 / 2.5, 3.5 / 0.5, 1.5 / 2.5])))
    np.testing.assert_array_equal(compute_column_weights(features, Weighting.NONE), 1)
    assert compute_mean_length(features) == pytest.approx(7 / 3)
    rows = weight_rows(features, idf, Weighting.TFIDF, 1.0).toarray()
    np.testing.assert_allclose(rows[0], [2 / np.sqrt(5), 0, 1 / np.sqrt(5)], rtol=1e-6)
    rows = weight_rows(features, bm25, Weighting.BM25, 7 / 3).toarray()
    room = 1.2 * (0.25 + 0.75 * 3 / (7 / 3))
    terms = np.array([2 * 2.2 / (2 + room), 0, 1 * 2.2 / (1 + room)]) * bm25
    np.testing.assert_allclose(rows[0], terms / np.linalg.norm(terms), rtol=1e-6)


def test_document_frequencies_come_from_training_items_alone(world):
    train, query, _ = topic_world(world)
    fitted = ContentKNN().fit(train)
    alone = fitted.score(world.query(query.users, query.items.take(slice(0, 1))))
    np.testing.assert_array_equal(fitted.score(query)[:, :1], alone)


METHODS = [
    ContentKNN(prior_weight=0),
    ContentKNN(weighting=Weighting.BM25, neighbours=3, prior_weight=0),
    ContentKNN(weighting=Weighting.NONE, prior_weight=0),
    ContentKNN(neighbourhood=Neighbourhood.ITEM, neighbours=20, prior_weight=0),
    KernelRidge(prior_weight=0),
    KernelRidge(kernel=Kernel.LINEAR, weighting=Weighting.NONE, prior_weight=0),
]


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_content_ranks_cold_items_and_permuted_features_do_not(world, method):
    train, query, likes = topic_world(world)
    assert accuracy(method.fit(train).score(query), likes) > 0.9
    chances = []
    for seed in range(5):
        train, query, likes = topic_world(world, permute=True, seed=seed)
        chances.append(accuracy(method.fit(train).score(query), likes))
    assert np.mean(chances) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_a_new_user_needs_a_history(world, method):
    train, query, likes = topic_world(world)
    shots = np.zeros((5, N_ITEMS))
    shots[np.arange(4), np.arange(4)] = 1
    users = world.users([-1] * 5, shots)
    scores = method.fit(train).score(world.query(users, query.items))
    assert accuracy(scores[:4], likes[:4]) > 0.85
    assert (scores[4] == 0).all()


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_content_survives_saving_and_empty_features(world, method, tmp_path):
    train, query, _ = topic_world(world)
    scores = method.fit(train).score(query)
    method.save(tmp_path / "state.npz")
    settings = {k: v for k, v in vars(method).items() if not k.endswith("_")}
    again = type(method)(**settings).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(query), scores)
    bare = world.train(np.eye(5), item_features=np.zeros((5, 1)))
    nothing = world.items([-1, 0], np.zeros((2, 5)), np.zeros((2, 1)))
    found = again.fit(bare).score(world.query(bare.users, nothing))
    assert found.shape == (5, 2) and np.isfinite(found).all()
    none = query.items.take(slice(0, 0))
    assert method.fit(train).score(world.query(train.users, none)).shape == (N_USERS, 0)


@pytest.mark.parametrize("kernel", list(Kernel))
def test_kernel_ridge_equals_the_direct_solution(world, kernel):
    train, query, _ = topic_world(world)
    method = KernelRidge(kernel=kernel, regularization=0.3, gamma=0.5, prior_weight=0)
    scores = method.fit(train).score(query)
    seen = unit(train.items.features.toarray().astype(float))
    asked = unit(query.items.features.toarray().astype(float))

    def compare(left, right):
        if kernel is Kernel.LINEAR:
            return left @ right.T
        return np.exp(-0.5 * ((left[:, None] - right[None]) ** 2).sum(axis=2))

    targets = train.interactions.csr.toarray().T
    inverse = np.linalg.inv(compare(seen, seen) + 0.3 * np.eye(N_ITEMS))
    expected = (compare(asked, seen) @ inverse @ targets).T
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)


def test_linear_kernel_ridge_equals_primal_ridge(world):
    train, query, _ = topic_world(world)
    method = KernelRidge(kernel=Kernel.LINEAR, regularization=2.0, prior_weight=0)
    seen = unit(train.items.features.toarray().astype(float))
    asked = unit(query.items.features.toarray().astype(float))
    left = seen.T @ seen + 2.0 * np.eye(seen.shape[1])
    weights = np.linalg.solve(left, seen.T @ train.interactions.csr.toarray().T)
    expected = (asked @ weights).T
    np.testing.assert_allclose(method.fit(train).score(query), expected, rtol=1e-4, atol=1e-5)


def test_kernel_ridge_predicts_ratings_from_rated_items(world):
    train, query, likes = topic_world(world)
    rng = np.random.default_rng(1)
    pairs = train.interactions.csr.toarray()
    topics = np.equal.outer(np.arange(N_USERS) % TOPICS, np.arange(N_ITEMS) % TOPICS)
    pairs = np.maximum(pairs, rng.random(pairs.shape) < 0.3)
    ratings = np.where(topics, 5, 2)
    rated = world.train(pairs, item_features=train.items.features.toarray(), ratings=ratings)
    method = KernelRidge(regularization=0.3, damping=5.0, weighting=Weighting.NONE).fit(rated)
    cold = world.users([-1], np.zeros((1, N_ITEMS)))
    predicted = method.predict(world.query(rated.users, query.items))
    truth = np.where(likes, 5, 2)
    assert predicted.dtype == np.float32
    assert np.abs(predicted - truth).mean() < 0.5 * np.abs(truth - truth.mean()).mean()
    mean = ratings[pairs > 0].mean()
    np.testing.assert_allclose(method.predict(world.query(cold, query.items)), mean, rtol=1e-5)
    seen = unit(rated.items.features.toarray().astype(float))[pairs[7] > 0]
    asked = unit(query.items.features.toarray().astype(float))
    values = ratings[7, pairs[7] > 0]
    offset = (values - mean).sum() / (len(values) + 5)

    def compare(left, right):
        return np.exp(-((left[:, None] - right[None]) ** 2).sum(axis=2))

    dual = np.linalg.solve(compare(seen, seen) + 0.3 * np.eye(len(seen)), values - mean - offset)
    expected = mean + offset + compare(asked, seen) @ dual
    np.testing.assert_allclose(predicted[7], expected, rtol=1e-4)


def test_kernel_ridge_refuses_more_items_than_stated(world):
    train, _, _ = topic_world(world)
    with pytest.raises(NotApplicableError, match=r"60 x 60 training items.*max_items=59"):
        KernelRidge(max_items=59).fit(train)
