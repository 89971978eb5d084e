"""RMSE and MAE per user and over all pairs."""

from dataclasses import replace

import numpy as np
import pytest
from coldbench.benchmarks.evaluation.rating import evaluate_ratings
from coldbench.benchmarks.evaluation.task_result import EvaluationSettings
from coldbench.datasets.errors import ColdbenchError
from scipy.sparse import csr_matrix

TASK = "new_user/warm/k=5"


class Guess:
    def __init__(self, table):
        self.table = table

    def predict(self, query):
        return self.table[np.ix_(query.users.text.astype(int), query.items.text.astype(int))]


@pytest.fixture
def rated(worlds, rng):
    """Return a task whose truth holds ratings 0 to 5, explicit zeros included."""
    world = worlds(rng, 50, 30, truth_share=0.15)
    rows, columns = np.nonzero(world.truth)
    values = rng.integers(0, 6, len(rows)).astype(np.float32)
    assert (values == 0).any()
    ratings = csr_matrix((values, (rows, columns)), world.truth.shape)
    return replace(world.holdout, truth=ratings), rows, columns, values


def measure(method, holdout, **given):
    settings = EvaluationSettings(**{"bootstrap": 50} | given)
    return evaluate_ratings(method, {TASK: holdout}, settings, seed=1)[TASK]


def test_errors_per_user_and_pooled(rated, rng):
    holdout, rows, columns, values = rated
    table = rng.uniform(0, 5, holdout.truth.shape).astype(np.float32)
    got = measure(Guess(table), holdout, block=7)
    errors = table[rows, columns].astype(float) - values
    users = np.unique(rows)
    assert got.users.tolist() == (users + 100).tolist()
    rmse = [np.sqrt((errors[rows == u] ** 2).mean()) for u in users]
    mae = [np.abs(errors[rows == u]).mean() for u in users]
    np.testing.assert_allclose(got.per_user["rmse"], rmse)
    np.testing.assert_allclose(got.per_user["mae"], mae)
    assert got.scores["rmse"].mean == pytest.approx(np.mean(rmse))
    assert got.scores["rmse_pairs"].mean == pytest.approx(np.sqrt((errors**2).mean()))
    assert got.scores["mae_pairs"].mean == pytest.approx(np.abs(errors).mean())
    for one in got.scores.values():
        assert one.low < one.mean < one.high and one.n == len(users)
    assert any(name.startswith("history:") for name in got.slices)


def test_the_block_changes_nothing(rated, rng):
    holdout, *_ = rated
    table = rng.uniform(0, 5, holdout.truth.shape).astype(np.float32)
    first, other = (measure(Guess(table), holdout, block=b) for b in (1, 256))
    assert first.scores == other.scores


def test_a_perfect_guess_has_no_error(rated):
    holdout, *_ = rated
    got = measure(Guess(holdout.truth.toarray()), holdout)
    assert all(one.mean == 0.0 for one in got.scores.values())


def test_what_cannot_be_measured_is_refused(rated, table_method):
    holdout, *_ = rated
    with pytest.raises(ColdbenchError, match="TableMethod predicts no ratings"):
        measure(table_method(np.zeros(holdout.truth.shape, np.float32)), holdout)
    with pytest.raises(ColdbenchError, match=r"Guess predicted float64 .* must be float32"):
        measure(Guess(np.zeros(holdout.truth.shape)), holdout)
    with pytest.raises(ColdbenchError, match="not finite in task new_user/warm/k=5 for user 1"):
        measure(Guess(np.full(holdout.truth.shape, np.nan, np.float32)), holdout)
