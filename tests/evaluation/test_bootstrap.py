"""Intervals cover what they promise, repeat, and respect users without a value."""

import numpy as np
import pytest
from coldbench.benchmarks.evaluation import bootstrap
from coldbench.benchmarks.evaluation.bootstrap import Resampled, draw_resamples, resample_means


def test_intervals_cover_the_true_mean_nineteen_times_in_twenty(rng):
    # 400 samples of 80 users at once: each column is one value with the true mean 0.3.
    values = rng.binomial(1, 0.3, (80, 400)).astype(np.float64)
    resampled = Resampled.of({i: values[:, i] for i in range(400)}, 600, seed=3)
    inside = [one.low <= 0.3 <= one.high for one in resampled.estimates().values()]
    assert 0.91 < np.mean(inside) < 0.98


def test_every_resample_draws_as_many_users_as_there_are():
    counts = np.concatenate(list(draw_resamples(37, 500, seed=0)))
    assert counts.shape == (500, 37) and (counts.sum(axis=1) == 37).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(37), abs=0.2)


def test_the_size_of_a_batch_of_draws_changes_nothing(rng, monkeypatch):
    values = rng.random((60, 3))
    whole = resample_means(values, 200, seed=9)
    monkeypatch.setattr(bootstrap, "DRAWS", 700)
    np.testing.assert_allclose(resample_means(values, 200, seed=9), whole, rtol=1e-14)


def test_a_seed_repeats_and_another_differs(rng):
    values = {"x": rng.random(50)}
    first, again, other = (Resampled.of(values, 100, s).estimates()["x"] for s in (1, 1, 2))
    assert first == again and first != other
    assert first.low < first.mean < first.high and first.n == 50


def test_a_user_without_a_figure_is_left_out_of_it_alone(rng):
    values = rng.random((40, 2))
    holes = values.copy()
    holes[::2, 1] = np.nan
    means = resample_means(holes, 50, seed=4)
    counts = np.concatenate(list(draw_resamples(40, 50, seed=4)))
    np.testing.assert_allclose(means[:, 0], counts @ values[:, 0] / 40)
    odd = counts[:, 1::2]
    np.testing.assert_allclose(means[:, 1], odd @ values[1::2, 1] / odd.sum(axis=1))
    estimate = Resampled.of({"x": holes[:, 1]}, 50, 4).estimates()["x"]
    assert estimate.n == 20 and estimate.mean == pytest.approx(values[1::2, 1].mean())


def test_a_figure_that_one_user_has_still_has_an_interval():
    alone = np.full(30, np.nan)
    alone[7] = 0.25
    estimate = Resampled.of({"x": alone, "y": np.zeros(30)}, 200, 0).estimates()["x"]
    assert (estimate.mean, estimate.low, estimate.high, estimate.n) == (0.25, 0.25, 0.25, 1)


def test_a_figure_that_no_resample_meets_keeps_its_mean():
    alone = np.full(50, np.nan)
    alone[7] = 0.25
    estimates = [Resampled.of({"x": alone}, 1, seed).estimates()["x"] for seed in range(20)]
    assert {(one.mean, one.low, one.high) for one in estimates} == {(0.25, 0.25, 0.25)}


def test_without_resamples_the_interval_is_the_mean(rng):
    estimate = Resampled.of({"x": rng.random(9)}, 0, 0).estimates()["x"]
    assert estimate.low == estimate.mean == estimate.high


def test_nobody_has_no_figures():
    assert Resampled.of({"x": np.full(5, np.nan)}, 10, 0).estimates() == {}
    assert Resampled.of({}, 10, 0).estimates() == {}


def test_a_derived_figure_is_computed_in_every_resample(rng):
    values = {"a": rng.random(50), "b": rng.random(50)}
    resampled = Resampled.of(values, 300, 5)
    ratio = resampled.derived(["a", "b"], lambda means: means[:, 0] / means[:, 1], 50)
    assert ratio.mean == pytest.approx(values["a"].mean() / values["b"].mean())
    draws = resampled.draws[:, 0] / resampled.draws[:, 1]
    assert (ratio.low, ratio.high) == pytest.approx(tuple(np.percentile(draws, [2.5, 97.5])))
