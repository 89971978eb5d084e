"""What the closed-form methods on item content share: inputs, kernels, prior, neighbours."""

from dataclasses import replace

import numpy as np
import pytest
from coldbench.benchmarks.evaluation.validation import Validation
from coldbench.benchmarks.evaluation.validation import split as make_split
from coldbench.datasets.errors import NotApplicableError
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.sources.planted.source import Planted
from coldbench.datasets.validation_score import ValidationScore
from coldbench.methods.content.content_knn import ContentKNN
from coldbench.methods.content.kernel_ridge import KernelRidge
from coldbench.methods.content.popularity_regression import PopularityRegression
from coldbench.methods.content.word_knn import WordKNN
from coldbench.methods.graph.graph_knn import GraphKNN
from coldbench.methods.item_content.inputs import CentredVectors, ItemInput
from coldbench.methods.item_content.neighbour_method import Neighbourhood
from coldbench.methods.item_content.regression import leave_one_out_error, solve_centred
from coldbench.methods.neighbours import compute_similarities, keep_nearest

from .conftest import accuracy, sparse_content, unit

ITEM = {"neighbourhood": Neighbourhood.ITEM, "neighbours": 30}
ATTRIBUTES = [ItemInput.ATTRIBUTES]


def rbf(left, right):
    return np.exp(-((left[:, None] - right[None]) ** 2).sum(axis=2))


def similarity_of(values):
    return compute_similarities(*values.shape, lambda part: values[part])


def nobody(world, n_items):
    return world.users([-1], np.zeros((1, n_items)))


@pytest.mark.parametrize("method", [KernelRidge(), ContentKNN(), ContentKNN(**ITEM)], ids=str)
def test_a_user_without_history_is_served_by_popularity(world, method):
    _features, _asked, pairs, train, query = sparse_content(world)
    fitted = method.fit(train)
    scores = fitted.score(world.query(nobody(world, 30), train.items))[0]
    shares = pairs.mean(axis=0)
    np.testing.assert_allclose(scores, fitted.prior_weights_[1] * shares, rtol=1e-5)
    new = fitted.score(world.query(nobody(world, 30), query.items))[0]
    assert len(np.unique(new[:10])) == 10  # predicted from what each one is


def test_ridge_predicts_the_popularity_of_new_items_around_the_mean(world):
    features, asked, pairs, train, query = sparse_content(world)
    fitted = KernelRidge(regularization=0.5, prior_weight=2).fit(train)
    inverse = np.linalg.inv(rbf(unit(features), unit(features)) + 0.5 * np.eye(30))
    shares, ones = pairs.mean(axis=0), np.ones(30)
    mean = ones @ inverse @ shares / (ones @ inverse @ ones)
    predicted = mean + rbf(unit(asked), unit(features)) @ inverse @ (shares - mean)
    found = fitted.score(world.query(nobody(world, 30), query.items))[0]
    np.testing.assert_allclose(found, 2 * predicted, rtol=1e-4)
    own = replace(fitted, prior_weight=0).fit(train).score(query)
    grows = 1 + pairs.sum(axis=1)[:, None] / 10
    np.testing.assert_allclose(fitted.score(query) - own, grows * found, atol=1e-5)


def test_the_error_of_leaving_one_out_is_that_of_fitting_without_it():
    rng = np.random.default_rng(0)
    rows, targets = rng.standard_normal((12, 3)), rng.standard_normal(12)
    gram = rows @ rows.T + 0.7 * np.eye(12)
    errors = []
    for left in range(12):
        kept = np.arange(12) != left
        mean, weights = solve_centred(np.linalg.inv(gram[kept][:, kept]), targets[kept])
        errors.append((targets[left] - mean - gram[left, kept] @ weights) ** 2)
    assert leave_one_out_error(np.linalg.inv(gram), targets) == pytest.approx(np.mean(errors))


def test_the_kernel_of_several_inputs_is_the_mean_of_theirs(world):
    _features, _asked, _pairs, train, _query = sparse_content(world)
    names = ["red fox", "red hen", "blue hen"] * 10
    told = replace(train, items=replace(train.items, text=np.array(names, dtype=object)))
    both = KernelRidge(regularization=1, prior_weight=0).fit(told)
    alone = [
        KernelRidge(inputs=[one], regularization=1, prior_weight=0).fit(told)
        for one in (ItemInput.ATTRIBUTES, ItemInput.WORDS)
    ]
    grams = [one.compare(one.rows_, one.rows_) for one in (both, *alone)]
    np.testing.assert_allclose(grams[0], (grams[1] + grams[2]) / 2)
    np.testing.assert_allclose(np.diag(grams[2]), 1)
    assert both.report()["inputs"] == ["attributes", "words"]  # no graph and no vectors here


def test_without_any_input_it_refuses(world):
    with pytest.raises(NotApplicableError, match="words, graph, and this dataset"):
        KernelRidge(inputs=[ItemInput.WORDS, ItemInput.GRAPH]).fit(world.train(np.eye(3)))


def test_centred_vectors_have_length_one_and_a_missing_one_stays_zero():
    rows = np.array([[3, 4], [1, 4], [0, 0]], dtype=np.float32)
    centred = CentredVectors(np.array([1, 4], dtype=np.float32))(rows)
    np.testing.assert_array_equal(centred, [[1, 0], [0, 0], [0, 0]])


def test_each_kind_of_user_gets_the_weight_that_validation_prefers(world):
    _, _, _, train, _ = sparse_content(world)
    best = {"warm": 1.0, "new_item": 1.0, "new_user": 100.0, "both": 100.0}

    def validate(method):
        found = {
            name: -abs(method.prior_weights_[name in ("new_user", "both")] - weight)
            for name, weight in best.items()
        }
        return ValidationScore(found, found)

    fitted = ContentKNN().fit(replace(train, validate=validate))
    assert fitted.prior_weights_ == (1.0, 100.0)
    assert fitted.report()["prior_weight"] == {"known_users": 1.0, "new_users": 100.0}
    given = ContentKNN(prior_weight=7).fit(replace(train, validate=None))
    assert given.prior_weights_ == (7, 7)


def test_the_regularization_that_validation_prefers_is_kept_and_solved_for_once(world, monkeypatch):
    _, _, _, train, _ = sparse_content(world)
    solve, solved = KernelRidge._solve, []
    monkeypatch.setattr(
        KernelRidge, "_solve", lambda self, *given: solved.append(given[1]) or solve(self, *given)
    )
    for best in (1.0, 5.0, 25.0):
        solved.clear()

        def validate(method, best=best):
            return ValidationScore({"t": -abs(method.regularization_ - best)}, {})

        fitted = KernelRidge().fit(replace(train, validate=validate))
        assert solved == [1, 5, 25]
        alone = KernelRidge(regularization=best).fit(replace(train, validate=validate))
        assert fitted.regularization_ == best
        np.testing.assert_array_equal(fitted.inverse_, alone.inverse_)
        np.testing.assert_array_equal(fitted.popularity_, alone.popularity_)


@pytest.mark.parametrize("k", [1, 3, 7, 20])
def test_nearest_items_are_the_largest_and_ties_share_the_last_places(k):
    rng = np.random.default_rng(k)
    values = rng.integers(-1, 4, (15, 12)).astype(np.float32)
    found = keep_nearest(similarity_of(values), k).toarray()
    ways = np.zeros(values.shape)
    for _ in range(400):  # the mean over random ways to break the ties
        noise = rng.random(values.shape)
        order = np.lexsort((noise, -values), axis=1)[:, :k]
        kept = np.zeros(values.shape)
        np.put_along_axis(kept, order, np.take_along_axis(np.maximum(values, 0), order, 1), 1)
        ways += kept
    np.testing.assert_allclose(found, ways / 400, atol=0.35)
    np.testing.assert_allclose(found.sum(axis=1), (ways / 400).sum(axis=1), rtol=1e-4)


def test_item_side_votes_are_those_of_the_candidates_nearest(world):
    _features, _asked, pairs, train, query = sparse_content(world)
    fitted = ContentKNN(neighbours=4, neighbourhood=Neighbourhood.ITEM, prior_weight=0).fit(train)
    similar = fitted.compare_items(query.items).compute(slice(None))
    expected = np.zeros((20, 13))
    for candidate, row in enumerate(similar):
        nearest = [i for i in np.argsort(-row, kind="stable")[:4] if row[i] > 0]
        expected[:, candidate] = pairs[:, nearest] @ row[nearest]
    np.testing.assert_allclose(fitted.score(query), expected, atol=1e-5)


@pytest.fixture(scope="module")
def planted():
    data = Planted(n_users=1500, n_items=400, interactions_per_user=30, popularity_skew=1.0).load()
    return make_split(data, Grid(), 0)


def ndcg(method, split, task):
    return float(Validation({task: split.test[task]}, 0)(method))


PLANTED = [
    KernelRidge(),
    KernelRidge(inputs=ATTRIBUTES),
    KernelRidge(inputs=[ItemInput.WORDS]),
    *(
        kind(neighbourhood=side, neighbours=20)
        for kind in (ContentKNN, WordKNN, GraphKNN)
        for side in Neighbourhood
    ),
]


@pytest.mark.parametrize("method", PLANTED, ids=str)
def test_support_joins_the_prior(planted, method):
    """One shot is not worse than none, and more are never worse than fewer."""
    fitted = method.fit(planted.train)
    for side in ("new_user/warm", "new_user_new_item/cold"):
        curve = [ndcg(fitted, planted, f"{side}/k={k}") for k in (0, 1, 5, 10)]
        assert (np.diff(curve) > -0.005).all(), (side, curve)
        assert curve[-1] > curve[0], (side, curve)


@pytest.mark.parametrize("method", PLANTED, ids=str)
def test_saved_and_loaded_it_scores_the_same(planted, method, tmp_path):
    fitted = method.fit(planted.train)
    fitted.save(tmp_path / "state.npz")
    again = replace(method).load(tmp_path / "state.npz")
    for task in ("new_item/all/k=0", "new_user_new_item/cold/k=5"):
        query = planted.test[task].query
        np.testing.assert_array_equal(again.score(query), fitted.score(query))
    assert again.report() == fitted.report()


def test_popularity_regression_counts_known_items_and_predicts_new_ones(world):
    features, asked, pairs, train, query = sparse_content(world)
    fitted = PopularityRegression(regularization=0.5).fit(train)
    logs, ones = np.log1p(pairs.sum(axis=0)), np.ones(30)
    inverse = np.linalg.inv(rbf(unit(features), unit(features)) + 0.5 * np.eye(30))
    mean = ones @ inverse @ logs / (ones @ inverse @ ones)
    new = mean + rbf(unit(asked), unit(features)) @ inverse @ (logs - mean)
    np.testing.assert_allclose(fitted.score(query), np.tile(new, (20, 1)), rtol=1e-4)
    known = fitted.score(world.query(query.users, train.items))
    np.testing.assert_allclose(known, np.tile(logs, (20, 1)), rtol=1e-6)


def test_popularity_regression_keeps_the_lambda_that_predicts_left_out_items_best(world):
    _, _, _, train, _ = sparse_content(world)
    errors = {}
    for amount in (1.0, 5.0, 25.0):
        one = PopularityRegression(regularization=amount).fit(train)
        gram = one.compare(one.rows_, one.rows_) + amount * np.eye(30)
        errors[amount] = leave_one_out_error(np.linalg.inv(gram), one.counts_)
    chosen = PopularityRegression().fit(replace(train, validate=None)).regularization_
    assert chosen == min(errors, key=errors.__getitem__)


def test_new_items_of_a_popular_kind_come_first_and_permuted_features_do_not(world):
    """Items of kind 0 are taken five times as often as those of kind 1."""
    rng = np.random.default_rng(0)
    kinds, new = np.arange(60) % 2, np.arange(20) % 2
    pairs = (rng.random((40, 60)) < np.where(kinds, 0.08, 0.4)).astype(int)
    noise = rng.random((60, 3)) < 0.3
    train = world.train(pairs, item_features=np.column_stack([np.eye(2)[kinds], noise]))
    asked = np.column_stack([np.eye(2)[new], rng.random((20, 3)) < 0.3])
    nobody_new = nobody(world, 60)
    liked = (new == 0)[None]
    for method in (PopularityRegression(), KernelRidge(), ContentKNN(), ContentKNN(**ITEM)):
        fitted = method.fit(train)
        items = world.items([-1] * 20, np.zeros((20, 40)), asked)
        assert accuracy(fitted.score(world.query(nobody_new, items)), liked) > 0.95, method
        lost = [
            world.items([-1] * 20, np.zeros((20, 40)), asked[rng.permutation(20)])
            for _ in range(30)
        ]
        found = [accuracy(fitted.score(world.query(nobody_new, one)), liked) for one in lost]
        assert np.mean(found) == pytest.approx(0.5, abs=0.15), method
