from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.errors import NotApplicableError, NotFittedError, NoValidationError
from coldbench.datasets.validation_score import ValidationScore
from coldbench.datasets.world import Query
from coldbench.methods.collaborative.ease import EASE
from coldbench.methods.item_content.inputs import CentredVectors
from coldbench.methods.item_weights import solve_item_weights
from coldbench.methods.language import ease_text_prior
from coldbench.methods.language.ease_text_prior import EASETextPrior, move_to_texts
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

GIVEN = {"regularization": 5.0, "text_scale": 2.0, "prior_weight": 0.5}


def fit(train, settings, **more):
    return EASETextPrior(**settings | GIVEN | more).fit(train)


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.fixture
def fitted(world, settings):
    return fit(world.train, settings)


def test_the_closed_form_is_where_an_optimiser_ends():
    rng = np.random.default_rng(0)
    liked = (rng.random((30, 7)) < 0.4).astype(np.float32)
    vectors = CentredVectors(np.zeros(3, np.float32))(rng.standard_normal((7, 3)).astype("f"))
    amount, scale = 3.0, 4.0
    cosines = np.maximum(vectors.astype(float) @ vectors.T, 0)
    np.fill_diagonal(cosines, 0)
    prior, off = scale * cosines / cosines.sum(axis=0), ~np.eye(7, dtype=bool)

    def loss(free):
        weights = np.zeros((7, 7))
        weights[off] = free
        wrong, apart = liked @ weights - liked, weights - prior
        slope = 2 * (liked.T @ wrong + amount * apart)
        return (wrong**2).sum() + amount * (apart**2).sum(), slope[off]

    found = minimize(loss, np.zeros(42), jac=True, method="L-BFGS-B", options={"ftol": 1e-15})
    weights, diagonal = solve_item_weights(csr_matrix(liked), amount)
    solved = weights + scale * move_to_texts(weights, diagonal, vectors, amount)
    assert np.abs(prior).max() > 1 and np.abs(solved - weights).max() > 0.3
    assert not solved.diagonal().any()
    np.testing.assert_allclose(solved[off], found.x, atol=2e-5)


def test_alpha_zero_is_ease(world, settings):
    users = world.query.users
    query = Query(users, world.train.items)
    plain = EASE(regularization=5.0).fit(world.train)
    ours = fit(world.train, settings, text_scale=0.0, prior_weight=0.0)
    np.testing.assert_allclose(ours.score(query), plain.score(query), atol=1e-6)
    assert not ours.score(world.query).any(), "and nothing is said of cold items"


def test_a_large_lambda_leaves_the_texts_alone(fitted, world, settings):
    held = fit(world.train, settings, regularization=1e7)
    similar = np.maximum(held.vectors_ @ held.vectors_.T, 0)
    np.fill_diagonal(similar, 0)
    np.testing.assert_allclose(held.weights_, 2 * similar / similar.sum(axis=0), atol=1e-4)
    assert np.abs(held.weights_ - fitted.weights_).max() > 0.1


def test_the_column_of_a_cold_item_is_its_similarities(fitted, world):
    items = world.query.items
    centre = CentredVectors.of(fitted.encode_sentences(world.train.items))
    trained = centre(fitted.encode_sentences(world.train.items))
    similar = np.maximum(trained @ centre(fitted.encode_sentences(items)).T, 0)
    similar /= similar.sum(axis=0)
    history, shares = world.query.users.history, world.train.interactions.csr.mean(axis=0).A1
    sizes = np.diff(history.indptr)[:, None]
    expected = 2 * (history @ similar) + 0.5 * (1 + sizes / 10) * (shares @ similar)
    scores = fitted.score(world.query)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)


def test_an_item_without_a_text_has_the_mean_popularity_and_no_weight(fitted, world):
    def nothing(items):
        return np.zeros((len(items), fitted.vectors_.shape[1]), dtype=np.float32)

    fitted.encode_sentences = nothing
    encoded = fitted.encode_items(world.query.items)
    assert not encoded.personal.any()
    np.testing.assert_allclose(encoded.prior, fitted.shares_.mean(), rtol=1e-6)


def test_texts_that_tell_are_used_and_shuffled_ones_are_no_help(make_world, settings):
    told, shuffled = make_world(), make_world(shuffled=True)
    assert told.precision(EASETextPrior(**settings).fit(told.train)) > 0.6
    assert shuffled.precision(EASETextPrior(**settings).fit(shuffled.train)) < 0.4  # chance is 0.25


def test_what_is_best_on_validation_is_kept(world, settings):
    seen = []

    def wanted(method):
        facts = method.report()
        weight = facts["prior_weight"]["known_users"]
        seen.append((facts["regularization"], facts["text_scale"], weight))
        warm = (seen[-1][:2] == (100.0, 0.3)) + (weight == 0.03)
        groups = {"warm": float(warm), "new_user": weight}
        return ValidationScore(groups, groups)

    fitted = EASETextPrior(**settings).fit(replace(world.train, validate=wanted))
    facts = fitted.report()
    assert (facts["regularization"], facts["text_scale"]) == (100.0, 0.3)
    assert facts["prior_weight"] == {"known_users": 0.03, "new_users": 1.0}
    assert len(set(seen)) == len(seen) == 3 * 2 * 4
    given = fit(world.train, settings, regularization=100.0, text_scale=0.3)
    np.testing.assert_array_equal(fitted.weights_, given.weights_)


def test_without_validation_the_first_values_are_taken(world, settings):
    def refused(method):
        raise NoValidationError("none")

    fitted = EASETextPrior(**settings).fit(replace(world.train, validate=refused))
    assert fitted.chosen_ == {"regularization": 500.0, "text_scale": 1.0}
    assert fitted.prior_weights_ == (0.3, 0.3)


def test_blocks_of_columns_do_not_matter(fitted, world, settings, monkeypatch):
    monkeypatch.setattr(ease_text_prior, "_COLUMNS", 5)
    again = fit(world.train, settings)
    np.testing.assert_allclose(again.weights_, fitted.weights_, atol=1e-6)


def test_it_is_the_same_twice_and_survives_saving(fitted, world, settings, tmp_path):
    scores = fitted.score(world.query)
    np.testing.assert_array_equal(fit(world.train, settings).score(world.query), scores)
    fitted.save(tmp_path / "state.npz")
    again = EASETextPrior(**settings).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(world.query), scores)
    assert again.report() == fitted.report()
    own, total = again.parameter_counts()
    assert (own, total) == (48 * 48, 48 * 48 + again.report()["model_parameters"])


def test_too_many_items_are_refused_before_any_text_is_read(world, settings):
    with pytest.raises(NotApplicableError, match=r"48 training items exceed max_items = 47 .* GiB"):
        EASETextPrior(max_items=47, model="none", model_path="/none").fit(world.train)


def test_unfitted_it_says_so(world):
    with pytest.raises(NotFittedError, match="EASETextPrior is not fitted"):
        EASETextPrior().score(world.query)
