"""Errors of means and of differences, against scipy, statsmodels and a plain double bootstrap."""

import numpy as np
import pytest
from coldbench.benchmarks.evaluation.spread import (
    Spread,
    estimate_error,
    spread_over_draws,
    spread_over_users_and_items,
)
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

values = st.lists(st.floats(-1, 1), min_size=2, max_size=12)


def test_without_overlap_it_is_the_t_test(rng):
    for count in (2, 3, 10):
        x = rng.normal(0.1, 0.2, count)
        found, plain = spread_over_draws(x, 0.0), stats.ttest_1samp(x, 0.0)
        assert found.p_value == pytest.approx(plain.pvalue)
        low, high = plain.confidence_interval(0.95)
        assert (found.mean - found.half, found.mean + found.half) == pytest.approx((low, high))


def test_the_overlap_of_training_sets_widens_it_by_nadeau_and_bengio():
    x, overlap = [0.12, 0.1, 0.15, 0.11, 0.13], 0.125
    error = np.sqrt((1 / 5 + overlap) * np.var(x, ddof=1))
    found = spread_over_draws(x, overlap)
    assert found == pytest.approx((np.mean(x), error, 4.0))
    assert found.p_value == pytest.approx(2 * stats.t.sf(np.mean(x) / error, 4))


@given(values, st.floats(0, 1), st.randoms())
def test_the_order_of_draws_and_the_sign_of_a_difference_do_not_matter(x, overlap, shuffler):
    found = spread_over_draws(x, overlap)
    shuffled = list(x)
    shuffler.shuffle(shuffled)
    turned = spread_over_draws([-one for one in shuffled], overlap)
    assert turned.mean == pytest.approx(-found.mean, abs=1e-12)
    assert turned.half == pytest.approx(found.half, abs=1e-9)
    assert turned.p_value == pytest.approx(found.p_value, abs=1e-6)
    assert 0.0 <= found.p_value <= 1.0


def test_one_draw_has_no_error_and_equal_draws_are_sure():
    alone = spread_over_draws([0.3], 0.125)
    assert alone.p_value == 1.0 and alone.bounds("ndcg@10") == (0.3, 0.3)
    assert spread_over_draws([0.1, 0.1, 0.1], 0.125).p_value == 0.0
    assert spread_over_draws([0.0, 0.0], 0.125).p_value == 1.0


def test_the_variance_within_a_draw_counts_as_four_more_draws(rng):
    x, overlap, within = rng.normal(0.1, 0.2, 3), 0.125, 0.09
    found = spread_over_draws(x, overlap, within)
    variance = (4 * within + 2 * np.var(x, ddof=1)) / 6
    assert found == pytest.approx((np.mean(x), np.sqrt(variance * (1 / 3 + overlap)), 6.0))
    assert spread_over_draws(x, overlap, 0.0) == spread_over_draws(x, overlap)
    assert spread_over_draws([0.0, 0.0], overlap, within).p_value == 1.0
    many = rng.normal(0.1, 0.2, 4000)
    steadied = spread_over_draws(many, overlap, within).error
    assert steadied == pytest.approx(spread_over_draws(many, overlap).error, rel=0.01)


def test_bounds_keep_to_the_range_of_a_metric():
    skewed = Spread(0.02, 0.015, 4.0)
    low, high = skewed.bounds("ndcg@10")
    assert 0 < low < 0.02 < high < 1 and high - 0.02 > 0.02 - low
    low, high = Spread(0.98, 0.05, 4.0).bounds("recall@10")
    assert 0 < low < 0.98 < high < 1
    low, high = Spread(1.2, 0.1, 9.0).bounds("rmse")
    assert np.log(high / 1.2) == pytest.approx(np.log(1.2 / low))
    assert Spread(0.0, 0.1, 9.0).bounds("ndcg@10") == pytest.approx((-0.2262, 0.2262), abs=1e-4)
    tight = Spread(0.5, 1e-4, 1e6)
    assert tight.bounds("ndcg@10") == pytest.approx((0.5 - tight.half, 0.5 + tight.half), abs=1e-7)


@given(st.floats(0.01, 0.9), st.floats(0.001, 0.05))
def test_an_error_is_read_from_its_interval(mean, error):
    for metric in ("ndcg@10", "novelty@10"):
        low, high = Spread(mean, error, np.inf).bounds("ndcg@10")
        if metric == "novelty@10":
            low, high = mean - 1.959964 * error, mean + 1.959964 * error
        assert estimate_error(mean, low, high, metric) == pytest.approx(error, rel=1e-3)


def test_users_alone_are_a_t_interval(rng):
    x = rng.random(60)
    x[:3] = np.nan
    found = spread_over_users_and_items(x, np.zeros(0))
    plain = stats.ttest_1samp(x[3:], 0.0).confidence_interval(0.95)
    assert (found.mean - found.half, found.mean + found.half) == pytest.approx(tuple(plain))


def test_users_and_items_are_the_variance_of_the_pigeonhole_bootstrap(rng):
    """The closed form lies between the bootstrap without and with its product of deviations."""
    users, items = 150, 60
    table = (rng.random((users, items)) < rng.beta(0.4, 3, items)) / 20.0
    moved = (table.sum(axis=0) - table.sum() / items) / users
    found = spread_over_users_and_items(table.sum(axis=1), moved)
    w = rng.multinomial(users, np.full(users, 1 / users), 4000)
    v = rng.multinomial(items, np.full(items, 1 / items), 4000)
    whole = ((w @ table) * v).sum(axis=1) / users
    without = (w @ table).sum(axis=1) / users + (v - 1) @ moved
    assert found.error == pytest.approx(without.std(), rel=0.04)
    assert whole.std() > 0.98 * found.error


def test_few_items_that_matter_leave_few_degrees_of_freedom():
    users = np.full(1000, 0.1) + np.linspace(-0.01, 0.01, 1000)
    one = np.concatenate([[0.05], np.full(99, -0.05 / 99)])
    assert spread_over_users_and_items(users, one).freedom == pytest.approx(3.0, rel=0.01)
    many = np.tile([0.005, -0.005], 50)
    assert spread_over_users_and_items(users, many).freedom == pytest.approx(99.0, rel=0.01)
