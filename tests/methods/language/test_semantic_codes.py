import numpy as np
import pytest

torch = pytest.importorskip("torch")

from coldbench.methods.language.semantic_ids.identifiers import (  # noqa: E402
    AtomicNames,
    TextualNames,
)
from coldbench.methods.language.semantic_ids.names import Unseen, describe_new  # noqa: E402
from coldbench.methods.language.semantic_ids.quantiser import (  # noqa: E402
    fit_codebooks,
    measure_error,
)
from coldbench.methods.language.semantic_ids.rq_vae import (  # noqa: E402
    RqVae,
    RqVaeSettings,
    fit_rq_vae,
)
from coldbench.methods.language.semantic_ids.semantic_names import SemanticNames  # noqa: E402
from coldbench.methods.language.semantic_ids.trie import END, are_alike, build_trie  # noqa: E402


def planted(n_items, seed):
    """Return vectors around 16 sums of one of 4 large and one of 4 small directions."""
    rng = np.random.default_rng(seed)
    directions = np.eye(8) * np.array([4.0] * 4 + [1.0] * 4)[:, None]
    large, small = np.arange(n_items) % 4, np.arange(n_items) // 4 % 4
    vectors = directions[large] + directions[4 + small] + 0.01 * rng.normal(size=(n_items, 8))
    return vectors.astype(np.float32), large, small


def settings(levels, codes=4, **more):
    given = {"latent": 8, "hidden": 64, "commitment": 0.25, "batch_size": 64}
    given |= {"steps": 600, "learning_rate": 2e-3}
    return RqVaeSettings(levels, codes, **given | more)


# Quantisers


def test_k_means_finds_planted_clusters_of_vectors_it_has_not_seen():
    vectors, _, _ = planted(120, 0)
    books = fit_codebooks(vectors, 2, 4, seed=0)
    new, large, small = planted(48, 1)
    codes = books.encode(new)
    pairs = {(one, first) for one, first in zip(large, codes[:, 0], strict=True)}
    assert len(pairs) == 4 == len({first for _, first in pairs})
    assert len({(*row, kind) for row, kind in zip(codes.tolist(), small, strict=True)}) == 16
    assert np.abs(books.decode(codes) - new).max() < 0.1
    again = fit_codebooks(vectors, 2, 4, seed=0)
    assert np.array_equal(again.centres, books.centres)


def test_an_rq_vae_gives_near_vectors_the_same_first_code_seen_or_not():
    vectors, _, _ = planted(120, 0)
    made = fit_rq_vae(vectors, settings(2), seed=0)
    new, large, _ = planted(48, 1)
    codes = made.encode(new)
    pairs = set(zip(large.tolist(), codes[:, 0].tolist(), strict=True))
    assert len(pairs) == 4 == len({first for _, first in pairs})
    assert measure_error(made, new) < 0.1
    assert np.array_equal(made.encode(new[7:8]), codes[7:8])  # whoever else is encoded


@pytest.mark.parametrize("kind", ["rq_vae", "k_means"])
def test_the_error_falls_with_levels(kind):
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(3, 4, 16)) * np.array([4.0, 2.0, 1.0])[:, None, None]
    own = rng.integers(0, 4, size=(400, 3))
    vectors = sum(directions[at][own[:, at]] for at in range(3)).astype(np.float32)
    errors = []
    for levels in (1, 2, 3):
        if kind == "rq_vae":
            made = fit_rq_vae(vectors[:300], settings(levels), seed=0)
        else:
            made = fit_codebooks(vectors[:300], levels, 4, seed=0)
        errors.append(measure_error(made, vectors[300:]))
    assert errors[0] > 1.3 * errors[1] > 1.3**2 * errors[2]
    assert errors[0] < 0.6


def test_codebooks_do_not_collapse():
    vectors = np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32)
    made = fit_rq_vae(vectors, settings(3, codes=50), seed=0)
    used = [len(np.unique(column)) for column in made.encode(vectors).T]
    assert min(used) >= 40  # the paper: at least 80 %


def test_an_rq_vae_is_the_same_again_and_after_its_state_was_kept():
    vectors, _, _ = planted(60, 0)
    one, other, third = (fit_rq_vae(vectors, settings(2, steps=30), seed) for seed in (3, 3, 4))
    for name, array in one.state().items():
        np.testing.assert_array_equal(array, other.state()[name])
    assert not np.array_equal(one.centres, third.centres)
    again = RqVae.restore(one.state())
    assert np.array_equal(again.encode(vectors), one.encode(vectors))
    codes = one.encode(vectors)
    np.testing.assert_array_equal(again.decode(codes), one.decode(codes))
    assert one.count_weights() == sum(array.size for array in one.state().values())
    assert one.count_weights() > 2 * (8 * 64 + 64 * 32 + 32 * 16 + 16 * 8)


def test_equal_vectors_have_one_code():
    same = np.ones((20, 8), dtype=np.float32)
    made = fit_rq_vae(same, settings(2, steps=5), seed=0)
    assert len(np.unique(made.encode(same), axis=0)) == 1
    assert np.isfinite(made.decode(made.encode(same))).all()


# Names


def by_k_means(vectors):
    return fit_codebooks(vectors, 2, 4, seed=0)


def test_colliding_items_get_a_token_more_and_cold_ones_their_codes_alone():
    vectors, _, _ = planted(32, 0)
    names = SemanticNames.learn(vectors[:17], by_k_means)
    tokens = names.tokens
    assert not are_alike(tokens).any() and are_alike(tokens[:, :2]).sum() == 2
    assert tokens[0, :2].tolist() == tokens[16, :2].tolist()
    assert (tokens[0, 2], tokens[16, 2]) == (8, 9) and (tokens[1:16, 2] == END).all()
    assert names.choices.tolist() == [2, *[1] * 15, 2]
    assert names.ranges == [(0, 4), (4, 8), (8, 10)]
    cold = names.name([""] * 15, vectors[17:])
    assert (cold[:, 2] == END).all() and np.array_equal(cold[:, :2], tokens[1:16, :2])
    facts = names.describe()
    assert facts["codes_used"] == [4, 4]
    assert facts["collisions"] == round(2 / 17, 4)
    assert facts["reconstruction_error"] < 0.01


@pytest.mark.parametrize("unseen", list(Unseen))
def test_a_cold_item_shares_the_probability_of_the_codes_it_has_in_common(unseen):
    vectors, _, _ = planted(32, 0)
    trained = [0, 4, 8, 16, 1, 5, 2, 6, 3]  # of the first large direction one small one is twice
    names = SemanticNames.learn(vectors[trained], lambda rows: by_k_means(vectors))
    asked = vectors[[0, 16, 16 + 0, 16 + 4, 16 + 12, 16 + 7]]
    known = np.array([0, 3, -1, -1, -1, -1], dtype=np.int32)
    called = names.name_all(known, [""] * 6, asked, unseen)
    assert called.prefix.tolist() == [3, 3, 2, 2, 1, 1]
    shares = np.exp(called.log_share)
    if unseen is Unseen.PREFIX:
        np.testing.assert_allclose(shares, [1, 1, 1 / 2, 1, 1 / 4, 1], rtol=1e-6)
        assert (called.tokens != END).sum(axis=1).tolist() == [3, 3, 2, 2, 1, 1]
    else:
        np.testing.assert_allclose(shares, [1, 1, 1 / 2, 1, 1, 1], rtol=1e-6)
        assert (called.tokens != END).sum(axis=1).tolist() == [3, 3, 2, 2, 2, 2]
    facts = describe_new(called.take(np.arange(2, 6)))
    assert facts == {"items": 4, "prefix": [0.0, 0.5, 0.5], "tied": 0.0}


def test_an_item_without_any_token_in_common_has_the_mean_of_all():
    names = AtomicNames(5)
    none = np.zeros((2, 0), dtype=np.float32)
    called = names.name_all(np.array([3, -1], dtype=np.int32), ["", ""], none, Unseen.PREFIX)
    assert called.tokens.tolist() == [[3], [END]]
    np.testing.assert_allclose(np.exp(called.log_share), [1.0, 0.2], rtol=1e-6)


def test_words_of_a_title_end_and_rare_ones_are_one():
    names = TextualNames.learn(["Red sea", "red WAR of it", "the sea", "a lake", "one lane"], 3)
    assert names.words == ["red", "sea"]
    assert names.tokens.tolist() == [[2, 3, 0], [2, 1, 1], [1, 3, 0], [1, 1, 0], [1, 1, 0]]
    none = np.zeros((3, 0), dtype=np.float32)
    assert names.name(["blue sea", "", "the red sea"], none).tolist() == [
        [1, 3, 0],
        [0, END, END],
        [1, 2, 3],
    ]
    known, texts = np.array([0, 3, -1, -1], dtype=np.int32), ["", "", "new book", "red book"]
    called = names.name_all(known, texts, np.zeros((4, 0), dtype=np.float32), Unseen.PREFIX)
    assert called.tokens.tolist() == [[2, 3, 0], [1, 1, 0], [1, 1, 0], [2, 1, END]]
    # Two items of the same tokens share their probability with each other, not with the cold one.
    np.testing.assert_allclose(np.exp(called.log_share), [1, 1 / 2, 1 / 2, 1], rtol=1e-6)


def test_a_trie_has_each_beginning_once():
    tokens = np.array([[5, 1], [5, 2], [4, END], [5, 1], [END, END]])
    trie = build_trie(tokens, np.array([2, 2, 9, 2, 9]))
    first, second = trie.levels
    assert first.tokens.tolist() == [4, 5] and first.going_on.tolist() == [1]
    assert second.tokens.tolist() == [1, 2] and second.parents.tolist() == [0, 0]
    assert first.choices is None and second.choices.tolist() == [2]
    assert trie.last_level.tolist() == [1, 1, 0, 1, -1]
    assert trie.last_node.tolist() == [0, 1, 0, 0, END]
