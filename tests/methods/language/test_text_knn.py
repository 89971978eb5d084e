import numpy as np
import pytest
from coldbench.datasets.errors import ColdbenchError, NotFittedError
from coldbench.datasets.side_information import Side
from coldbench.datasets.world import Query
from coldbench.methods import neighbours as neighbours_module
from coldbench.methods.language.text_knn import TextKNN
from coldbench.methods.neighbours import compute_similarities
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix


def brute_force(history, similarity, k):
    """Return the sum of the k largest similarities, user by user, candidate by candidate."""
    scores = np.zeros((history.shape[0], similarity.shape[0]))
    for user, row in enumerate(history):
        for candidate, values in enumerate(similarity):
            scores[user, candidate] = sum(sorted(values[np.flatnonzero(row)])[::-1][:k])
    return scores


@hypothesis_settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.booleans())
def test_sums_are_those_of_the_definition_kept_or_in_blocks(seed, k, kept):
    rng = np.random.default_rng(seed)
    history = rng.random((5, 7)) < 0.4
    similarity = rng.standard_normal((9, 7)).astype(np.float32)
    limits = neighbours_module._BYTES_KEPT, neighbours_module._BYTES_AT_ONCE
    neighbours_module._BYTES_AT_ONCE = 2 * 4 * 7
    neighbours_module._BYTES_KEPT = limits[0] if kept else 0
    try:
        table = compute_similarities(9, 7, lambda part: similarity[part])
        sums = table.sums(csr_matrix(history, dtype=np.float32), k)
    finally:
        neighbours_module._BYTES_KEPT, neighbours_module._BYTES_AT_ONCE = limits
    assert (table.kept is not None) == kept and sums.dtype == np.float32
    np.testing.assert_allclose(sums, brute_force(history, similarity, k), atol=1e-5)


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.fixture
def fitted(world, settings):
    return TextKNN(prior_weight=0, neighbours=3, **settings).fit(world.train)


def test_scores_are_those_of_the_definition(fitted, world):
    train, query = world.train, world.query
    encode = fitted._encoder().encode
    similarity = encode(list(query.items.text)) @ encode(list(train.items.text)).T
    expected = brute_force(query.users.history.toarray(), similarity, 3)
    scores = fitted.score(query)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_texts_that_tell_are_used_and_shuffled_ones_are_no_help(make_world, settings):
    told, shuffled = make_world(), make_world(shuffled=True)
    assert told.precision(TextKNN(prior_weight=0, **settings).fit(told.train)) > 0.6
    assert (
        shuffled.precision(TextKNN(prior_weight=0, **settings).fit(shuffled.train)) < 0.4
    )  # chance is 0.25


def test_a_block_of_one_and_any_order_give_the_same_rows(fitted, world):
    users, items = world.query.users, world.query.items
    scores = fitted.score(world.query)
    alone = fitted.score(Query(users.take(slice(4, 5)), items))
    np.testing.assert_allclose(alone[0], scores[4], rtol=1e-6)
    order = np.random.default_rng(0).permutation(len(items))
    turned = fitted.score(Query(users.take(slice(None, None, -1)), items.take(order)))
    np.testing.assert_allclose(turned, scores[::-1, order], rtol=1e-6)


def test_without_a_prior_a_user_without_history_ties_all_candidates(fitted, world, make_entities):
    nobody = make_entities(Side.USER, [-1], np.zeros((1, len(world.train.items))), None)
    assert not fitted.score(Query(nobody, world.query.items)).any()


def test_no_candidates_give_no_columns(fitted, world):
    none = world.query.items.take(slice(0, 0))
    assert fitted.score(Query(world.query.users, none)).shape == (len(world.query.users), 0)


def test_saved_and_loaded_it_scores_the_same(fitted, world, settings, tmp_path):
    fitted.save(tmp_path / "state.npz")
    loaded = TextKNN(prior_weight=0, neighbours=3, **settings).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(loaded.score(world.query), fitted.score(world.query))
    assert loaded.report() == fitted.report()


def test_after_loading_another_encoder_is_refused(fitted, world, settings, other_tiny, tmp_path):
    fitted.save(tmp_path / "state.npz")
    other = TextKNN(prior_weight=0, **settings | {"model_path": str(other_tiny)}).load(
        tmp_path / "state.npz"
    )
    with pytest.raises(ColdbenchError, match="fit again"):
        other.score(world.query)


def test_it_reports_the_base_model_and_trains_nothing(fitted, settings):
    facts = fitted.report()
    assert facts["model"] == "tiny" and len(facts["weights_sha256"]) == 64
    trained, total = fitted.parameter_counts()
    assert trained == 0 and total == facts["model_parameters"] > 1000


def test_unfitted_it_says_so(world):
    with pytest.raises(NotFittedError, match="TextKNN is not fitted"):
        TextKNN(prior_weight=0).score(world.query)
