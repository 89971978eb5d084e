"""``TrainView.validate``: NDCG@10 over the cold-validation tasks."""

import math

import numpy as np
import pytest
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.protocol import validation
from coldbench.datasets.protocol.scenarios import Grid, NewItem, NewUser, Warm
from coldbench.datasets.protocol.validation import Validation, ndcg, top_columns
from scipy.sparse import csr_matrix


def ndcg_of_row(scores, masked, truth):
    """Return NDCG@10 of distinct scores, by the formula."""
    order = [c for c in np.argsort(-scores).tolist() if c not in masked][:10]
    gained = sum(1 / math.log2(at + 2) for at, c in enumerate(order) if c in truth)
    return gained / sum(1 / math.log2(at + 2) for at in range(min(10, len(truth))))


def by_loops(task, scores):
    return np.mean(
        [
            ndcg_of_row(scores[row], set(task.masked[row].indices), set(task.truth[row].indices))
            for row in range(len(task.users))
        ]
    )


def distinct(query):
    rng = np.random.default_rng(len(query.users))
    size = len(query.users) * len(query.items)
    return rng.permutation(size).reshape(len(query.users), -1).astype(np.float32)


def test_it_is_the_mean_over_the_cold_tasks(data, monkeypatch):
    split = Grid().split(data, 0)
    names = [n for n in split.validation if not n.startswith("warm/") and "/all/" not in n]
    assert len(names) == 9
    expected = [by_loops(task, distinct(task.query)) for task in map(split.validation.get, names)]
    assert split.train.validate(distinct) == pytest.approx(np.mean(expected), abs=1e-12)


@pytest.mark.parametrize(
    ("scenario", "names"),
    [
        (Warm(), {"warm/warm/k=0"}),
        (NewItem(), {"new_item/cold/k=0"}),
        (NewUser(shots=[0, 2]), {"new_user/warm/k=0", "new_user/warm/k=2"}),
    ],
)
def test_the_slice_of_each_scenario(data, scenario, names):
    split = scenario.split(data, 0)
    seen = []

    def scorer(query):
        seen.append((len(query.users), query.users.history.nnz))
        return distinct(query)

    score = split.train.validate(scorer)
    tasks = [split.validation[name] for name in sorted(names)]
    assert sorted(seen) == sorted((len(t.users), t.query.users.history.nnz) for t in tasks)
    assert score == pytest.approx(np.mean([by_loops(t, distinct(t.query)) for t in tasks]))


class Columns:
    """A method that scores by a column of its own for each candidate."""

    encoded = 0

    def encode_items(self, items):
        self.encoded += 1
        return np.arange(len(items), dtype=np.float32)

    def score_block(self, users, items):
        self.blocks = getattr(self, "blocks", 0) + 1
        return np.tile(items, (len(users), 1))


def test_blocks_bound_the_memory_and_change_nothing(data, monkeypatch):
    split = NewItem().split(data, 0)
    whole, parts = Columns(), Columns()
    expected = split.train.validate(whole)
    monkeypatch.setattr(validation, "BLOCK_SCORES", 24)
    assert split.train.validate(parts) == pytest.approx(expected, abs=1e-12)
    users = len(split.validation["new_item/cold/k=0"].users)
    assert (whole.blocks, parts.blocks) == (1, math.ceil(users / 3))
    assert parts.encoded == 1


def test_a_constant_scorer_lands_at_random_level(make):
    """Whatever the order of the file: one true item among 50, ten of which are looked at."""
    n = 4000
    truth = csr_matrix((np.ones(n, np.float32), (np.arange(n), np.zeros(n, int))), (n, 50))
    nothing = csr_matrix((n, 50), dtype=np.float32)
    keys = np.arange(n).astype(np.uint64), np.arange(50).astype(np.uint64)
    ranked = top_columns(np.zeros((n, 50), np.float32), nothing, *keys, seed=0)
    chance = sum(1 / math.log2(at + 2) for at in range(10)) / 50
    assert ndcg(ranked, truth).mean() == pytest.approx(chance, rel=0.1)
    again = top_columns(np.zeros((n, 50), np.float32), nothing, *keys, seed=0)
    np.testing.assert_array_equal(ranked, again)
    assert (ranked != top_columns(np.zeros((n, 50), np.float32), nothing, *keys, seed=1)).any()


def test_the_lot_of_a_user_does_not_depend_on_its_block():
    scores, nothing = np.zeros((6, 20), np.float32), csr_matrix((6, 20), dtype=np.float32)
    users, items = np.arange(6).astype(np.uint64), np.arange(20).astype(np.uint64)
    whole = top_columns(scores, nothing, users, items, seed=3)
    for row in range(6):
        alone = top_columns(scores[:1], nothing[:1], users[[row]], items, seed=3)
        np.testing.assert_array_equal(alone[0], whole[row])
    assert len({tuple(row) for row in whole.tolist()}) == 6


def test_masked_items_never_fill_a_short_list():
    scores = np.array([[5, 4, 3], [1, 2, 3]], dtype=np.float32)
    masked = csr_matrix(np.array([[1, 0, 1], [1, 1, 1]], dtype=np.float32))
    keys = np.arange(2).astype(np.uint64), np.arange(3).astype(np.uint64)
    ranked = top_columns(scores, masked, *keys, seed=0)
    assert ranked[0].tolist() == [1] + [-1] * 9
    assert ranked[1].tolist() == [-1] * 10
    assert scores[0, 0] == 5


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_refused(data, bad):
    def spoiled(query):
        scores = distinct(query)
        scores[2, 1] = bad
        return scores

    train = NewItem().split(data, 0).train
    with pytest.raises(ColdbenchError, match="spoiled returned a NaN or infinite score for user 2"):
        train.validate(spoiled)


def test_scores_of_another_shape_are_refused(data):
    train = NewItem().split(data, 0).train
    with pytest.raises(ColdbenchError, match=r"returned scores of shape \(\d+, 1\)"):
        train.validate(lambda query: np.zeros((len(query.users), 1), np.float32))


def test_an_empty_slice_is_said_when_it_is_asked():
    with pytest.raises(ColdbenchError, match="validation slice is empty"):
        Validation({}, 0)(distinct)


class Always5:
    """Predicts one rating."""

    def predict(self, query):
        return np.full((len(query.users), len(query.items)), 5, dtype=np.float32)


def test_rating_task_measures_minus_rmse(data):
    split = NewUser(task="rating", shots=[0, 2]).split(data, 0)
    tasks = split.validation.values()
    expected = np.mean([-np.sqrt(((t.truth.data - 5.0) ** 2).mean()) for t in tasks])
    assert split.train.validate(Always5()) == pytest.approx(expected)
    with pytest.raises(ColdbenchError, match="Columns predicts no ratings"):
        split.train.validate(Columns())
