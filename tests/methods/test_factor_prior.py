"""A history joins what is known of a factor, by Gaussian conditioning."""

import numpy as np
import pytest
from coldbench.methods import factor_prior
from coldbench.methods.factor_prior import FactorPrior
from coldbench.methods.shrunken_means import HistoryRegression, support_shares
from scipy.sparse import csr_matrix


@pytest.fixture(scope="module")
def drawn():
    """Factors of 50 users and 30 items, who took what, and the prior of the users."""
    rng = np.random.default_rng(0)
    users = rng.normal(0.5, 0.3, (50, 4)).astype(np.float32)
    items = rng.normal(0.2, 0.5, (30, 4)).astype(np.float32)
    pairs = csr_matrix((rng.random((50, 30)) < 0.3).astype(np.float32))
    return users, items, pairs, FactorPrior.of(users, items, pairs)


def test_it_is_estimated_from_factors_and_pairs(drawn, monkeypatch):
    users, items, pairs, prior = drawn
    residuals = (1 - users @ items.T)[pairs.toarray() > 0]
    assert np.allclose(prior.mean, users.mean(axis=0), atol=1e-6)
    assert np.allclose(prior.covariance, np.cov(users.T, bias=True), atol=1e-6)
    assert prior.noise == pytest.approx((residuals**2).mean(), rel=1e-5)
    monkeypatch.setattr(factor_prior, "_ROWS", 7)
    assert FactorPrior.of(users, items, pairs).noise == pytest.approx(prior.noise)


@pytest.mark.parametrize("numbers", [4, 2**20])
def test_a_history_conditions_the_normal_distribution(drawn, numbers, monkeypatch):
    monkeypatch.setattr(factor_prior, "_NUMBERS", numbers)
    _, items, _, prior = drawn
    histories = np.zeros((5, 30))
    histories[0, [3, 7]] = histories[1, 9] = histories[2, [1, 2]] = 1
    histories[3, :20] = 5.0  # longer than a factor, and values do not matter
    centres = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    found = prior.join(csr_matrix(histories), items, centres, strength=2.0)
    precision = np.linalg.inv(prior.covariance)
    for row, centre, one in zip(histories > 0, centres, found, strict=True):
        seen = items[row].astype(float)
        left = precision + seen.T @ seen / (2 * prior.noise)
        right = precision @ centre + seen.sum(axis=0) / (2 * prior.noise)
        assert np.allclose(one, np.linalg.solve(left, right), atol=1e-5)


def test_without_a_history_the_prior_stays_and_a_strong_one_hardly_moves(drawn):
    _, items, _, prior = drawn
    histories = csr_matrix(np.eye(2, 30))
    histories[1, :] = 0
    histories.eliminate_zeros()
    mean = prior.mean.astype(np.float32)
    assert np.array_equal(prior.join(histories, items)[1], mean)
    gaps = [np.abs(prior.join(histories, items, strength=s)[0] - mean).max() for s in (1, 10, 1e6)]
    assert gaps[0] > gaps[1] > gaps[2] and gaps[2] < 1e-5


def test_shares_grow_from_nothing_towards_all():
    histories = csr_matrix(np.tri(4, 3, -1))
    assert np.allclose(support_shares(histories, 2.0).ravel(), [0, 1 / 3, 1 / 2, 3 / 5])
    assert np.array_equal(support_shares(histories, 0.0).ravel(), [0, 1, 1, 1])


def test_what_a_mean_tells_is_the_least_squares_slope(drawn):
    _, items, pairs, _ = drawn
    means = pairs @ items / np.maximum(np.diff(pairs.indptr), 1)[:, None]
    own = 0.3 + 2.5 * means
    told = HistoryRegression.of(own, pairs, items)
    assert told.slope == pytest.approx(2.5, rel=1e-4)
    histories = csr_matrix(np.tri(2, 30, -1))
    expected = told.prior + [[0], [1 / 5]] * (2.5 * (items[0] - means.mean(axis=0)))
    assert np.allclose(told(histories, items, 4.0), expected, atol=1e-5)
    flat = HistoryRegression.of(own, csr_matrix(pairs.shape, dtype=np.float32), items)
    assert flat.slope == 0.0
