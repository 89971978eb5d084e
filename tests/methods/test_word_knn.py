from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.errors import NotApplicableError, NotFittedError
from coldbench.methods.content.word_knn import WordKNN
from coldbench.methods.item_content.weighting import Weighting
from coldbench.methods.item_content.word_counts import collect_vocabulary, count_words, split_words

TRAINED = ["A red fox, a RED hen", "the fox sleeps", "blue whale", "", "the blue hen"]
ASKED = ["red whale flies", "the the fox", "unknown words", "", "Blue; blue-hen"]


def told(entities, texts):
    return replace(entities, text=np.array(texts, dtype=object))


def small(world, pairs=((1, 1, 0, 0, 1), (0, 0, 1, 1, 0), (0, 0, 0, 0, 0))):
    """Return a training data over the trained texts and a query on the asked ones."""
    train = world.train(np.array(pairs))
    train = replace(train, items=told(train.items, TRAINED))
    cold = told(world.items([-1] * 5, np.zeros((5, len(pairs)))), ASKED)
    return train, world.query(train.users, cold)


def looped_vectors(texts, trained, weighting, minimum_count=1):
    """Return one dict word -> weight per text, of length 1, by the formulas and plain loops."""
    bags = [Counter(split_words(text)) for text in trained]
    found = Counter(word for bag in bags for word in bag)
    known = {word for word, count in found.items() if count >= minimum_count}
    lengths = [sum(n for word, n in bag.items() if word in known) for bag in bags]
    mean, n = sum(lengths) / len(lengths), len(bags)
    vectors = []
    for text in texts:
        bag = {word: c for word, c in Counter(split_words(text)).items() if word in known}
        vector = {}
        for word, c in bag.items():
            df = found[word]
            if weighting is Weighting.TFIDF:
                vector[word] = c * (np.log((1 + n) / (1 + df)) + 1)
            elif weighting is Weighting.BM25:
                room = 1.2 * (0.25 + 0.75 * sum(bag.values()) / mean)
                vector[word] = np.log(1 + (n - df + 0.5) / (df + 0.5)) * c * 2.2 / (c + room)
            else:
                vector[word] = c
        norm = np.sqrt(sum(value**2 for value in vector.values()))
        vectors.append({word: value / norm for word, value in vector.items()})
    return vectors


@pytest.mark.parametrize("weighting", list(Weighting))
@pytest.mark.parametrize("minimum_count", [1, 2])
@pytest.mark.parametrize("neighbours", [1, 2])
def test_equals_plain_loops(world, weighting, minimum_count, neighbours):
    train, query = small(world)
    method = WordKNN(
        prior_weight=0, neighbours=neighbours, weighting=weighting, minimum_count=minimum_count
    )
    scores = method.fit(train).score(query)
    seen = looped_vectors(TRAINED, TRAINED, weighting, minimum_count)
    asked = looped_vectors(ASKED, TRAINED, weighting, minimum_count)
    expected = np.zeros((3, 5))
    for user, history in enumerate(train.interactions.csr.toarray()):
        for candidate, vector in enumerate(asked):
            cosines = sorted(
                sum(value * seen[item].get(word, 0.0) for word, value in vector.items())
                for item in np.flatnonzero(history)
            )
            expected[user, candidate] = sum(cosines[::-1][:neighbours])
    assert scores.dtype == np.float32
    assert expected.max() > 0
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)


def test_by_hand(world):
    """Two of three words shared, unweighted: the cosine of (1, 1, 0) with (1, 1, 1)."""
    train = world.train(np.array([[1, 0]]))
    train = replace(train, items=told(train.items, ["red fox runs", "hen"]))
    items = told(world.items([-1, 0], [[0], [1]]), ["Fox; red", "red fox runs"])
    scores = (
        WordKNN(prior_weight=0, weighting=Weighting.NONE)
        .fit(train)
        .score(world.query(train.users, items))
    )
    np.testing.assert_allclose(scores, [[np.sqrt(2 / 3), 1.0]], rtol=1e-6)


def test_words_are_lower_case_runs_of_two_or_more_word_characters():
    assert split_words("Don't STOP: x 3-D, 42 ÄRGER, naïve мир 東京") == [
        "don", "stop", "42", "ärger", "naïve", "мир", "東京"
    ]  # fmt: skip


def test_the_vocabulary_is_that_of_training_items_in_order(world):
    train, query = small(world)
    words = collect_vocabulary(train.items, 1)
    assert list(words) == ["blue", "fox", "hen", "red", "sleeps", "the", "whale"]
    assert list(collect_vocabulary(train.items, 2)) == ["blue", "fox", "hen", "the"]
    np.testing.assert_array_equal(
        count_words(query.items, words).toarray(),
        [
            [0, 0, 0, 1, 0, 0, 1],
            [0, 1, 0, 0, 0, 2, 0],
            [0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0],
            [2, 0, 1, 0, 0, 0, 0],
        ],
    )


@pytest.mark.parametrize("weighting", list(Weighting))
def test_a_word_that_training_does_not_know_changes_nothing(world, weighting):
    train, query = small(world)
    method = WordKNN(prior_weight=0, weighting=weighting).fit(train)
    more = [f"{text} zebra zebra quagga" for text in ASKED]
    padded = world.query(query.users, told(query.items, more))
    np.testing.assert_array_equal(method.score(padded), method.score(query))


def test_candidates_do_not_weigh_each_other(world):
    train, query = small(world)
    method = WordKNN(prior_weight=0).fit(train)
    alone = method.score(world.query(query.users, query.items.take(slice(1, 2))))
    np.testing.assert_array_equal(method.score(query)[:, 1:2], alone)


def test_survives_saving_no_words_and_no_candidates(world, tmp_path):
    train, query = small(world)
    method = WordKNN(prior_weight=0, weighting=Weighting.BM25).fit(train)
    assert method.parameter_counts() == (7, 7)
    method.save(tmp_path / "state.npz")
    again = WordKNN(prior_weight=0, weighting=Weighting.BM25).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(query), method.score(query))
    assert list(again.words_) == list(method.words_)
    none = query.items.take(slice(0, 0))
    assert method.score(world.query(query.users, none)).shape == (3, 0)
    silent = replace(train, items=told(train.items, [""] * 5))
    assert (WordKNN(prior_weight=0).fit(silent).score(query) == 0).all()
    with pytest.raises(NotFittedError):
        WordKNN(prior_weight=0).score(query)


def test_without_texts_it_refuses(world):
    with pytest.raises(NotApplicableError, match="these items have no text"):
        WordKNN(prior_weight=0).fit(world.train(np.eye(3)))
