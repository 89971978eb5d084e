import numpy as np
import pytest
from coldbench.datasets.errors import ColdbenchError, NotFittedError
from coldbench.methods.item_content.inputs import CentredVectors
from coldbench.methods.language.text_ridge import TextRidge


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.fixture
def fitted(world, settings):
    return TextRidge(inputs=[], regularization=0.5, prior_weight=1, **settings).fit(world.train)


def test_scores_are_those_of_the_definition(fitted, world):
    train, query = world.train, world.query
    centre = CentredVectors.of(fitted.encode_sentences(train.items))
    seen = centre(fitted.encode_sentences(train.items)).astype(float)
    asked = centre(fitted.encode_sentences(query.items)).astype(float)

    def rbf(left, right):
        return np.exp(-((left[:, None] - right[None]) ** 2).sum(axis=2))

    inverse = np.linalg.inv(rbf(seen, seen) + 0.5 * np.eye(len(seen)))
    across, liked = rbf(asked, seen), query.users.history.toarray()
    shares, ones = train.interactions.csr.toarray().mean(axis=0), np.ones(len(seen))
    mean = ones @ inverse @ shares / (ones @ inverse @ ones)
    prior = mean + across @ inverse @ (shares - mean)
    expected = liked @ inverse @ across.T + (1 + liked.sum(axis=1)[:, None] / 10) * prior
    scores = fitted.score(query)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, atol=1e-4)


def test_texts_that_tell_are_used_and_shuffled_ones_are_no_help(make_world, settings):
    told, shuffled = make_world(), make_world(shuffled=True)
    assert told.precision(TextRidge(**settings).fit(told.train)) > 0.6
    assert shuffled.precision(TextRidge(**settings).fit(shuffled.train)) < 0.4  # chance is 0.25


def test_other_inputs_join_the_kernel(fitted, world, settings):
    both = TextRidge(regularization=0.5, prior_weight=1, **settings).fit(world.train)
    assert both.report()["inputs"] == ["words"] and fitted.report()["inputs"] == []
    alone = fitted.compare(fitted.rows_, fitted.rows_)
    assert np.abs(both.compare(both.rows_, both.rows_) - alone).max() > 0.01


def test_it_reports_the_base_model_and_survives_saving(fitted, world, settings, tmp_path):
    facts = fitted.report()
    assert facts["model"] == "tiny" and len(facts["weights_sha256"]) == 64
    own, total = fitted.parameter_counts()
    assert own > 0 and total == own + facts["model_parameters"]
    fitted.save(tmp_path / "state.npz")
    again = TextRidge(inputs=[], **settings).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(world.query), fitted.score(world.query))
    assert again.report() == facts


def test_after_loading_another_encoder_is_refused(fitted, world, settings, other_tiny, tmp_path):
    fitted.save(tmp_path / "state.npz")
    other = TextRidge(inputs=[], **settings | {"model_path": str(other_tiny)})
    with pytest.raises(ColdbenchError, match="fit again"):
        other.load(tmp_path / "state.npz").score(world.query)


def test_unfitted_it_says_so(world):
    with pytest.raises(NotFittedError, match="TextRidge is not fitted"):
        TextRidge().score(world.query)
