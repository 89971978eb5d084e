"""Paired comparison of methods and Holm's correction."""

import numpy as np
import pytest
from coldbench.benchmarks.evaluation.comparison import (
    PerUser,
    compare,
    correct_holm,
    pair_differences,
)
from coldbench.datasets.errors import ColdbenchError
from scipy.stats import ttest_rel, wilcoxon
from statsmodels.stats.multitest import multipletests


def of(values, users=None):
    values = np.asarray(values, dtype=np.float64)
    users = np.arange(len(values)) if users is None else users
    return PerUser(np.asarray(users, dtype=np.int32), values)


def test_a_clear_difference_is_found_and_none_is_not(rng):
    base = rng.random(300)
    noise = rng.normal(0, 0.05, 300)
    table = compare(
        {
            "base": of(base),
            "better": of(base + 0.05 + noise),
            "same": of(base + noise - noise.mean()),
        }
    )
    found = {(row.first, row.second): row for row in table}
    clear = found["base", "better"]
    assert clear.difference == pytest.approx(-0.05, abs=0.01) and clear.high < 0
    assert clear.holm_wilcoxon < 1e-6
    low, high = ttest_rel(base, base + 0.05 + noise).confidence_interval(0.95)
    assert (clear.low, clear.high) == pytest.approx((low, high))
    assert clear.losses > clear.wins and clear.n == 300
    none = found["base", "same"]
    assert none.low < 0 < none.high and none.p_wilcoxon > 0.2
    assert none.p_wilcoxon == pytest.approx(wilcoxon(base, base + noise - noise.mean()).pvalue)


def test_p_values_are_uniform_without_a_difference(rng):
    low = 0
    for _ in range(200):
        a, b = rng.random((2, 40))
        (row,) = compare({"a": of(a), "b": of(b)})
        low += row.p_wilcoxon < 0.1
    assert 8 <= low <= 40


def test_users_are_paired_by_their_index():
    first = of([1.0, 2.0, 3.0], [7, 3, 9])
    second = of([10.0, 20.0, np.nan], [9, 7, 3])
    np.testing.assert_array_equal(pair_differences(first, second), [1 - 20, 3 - 10])
    with pytest.raises(ColdbenchError, match="without a common user"):
        pair_differences(of([1.0], [1]), of([1.0], [2]))


def test_a_baseline_comes_second_and_meets_everybody(rng):
    methods = {name: of(rng.random(30)) for name in ("a", "b", "c", "d")}
    assert len(compare(methods)) == 6
    rows = compare(methods, baseline="b")
    assert [(row.first, row.second) for row in rows] == [("a", "b"), ("c", "b"), ("d", "b")]
    with pytest.raises(ColdbenchError, match="no method 'z'"):
        compare(methods, baseline="z")


def test_equal_methods_have_p_1():
    (row,) = compare({"a": of([0.1, 0.5]), "b": of([0.1, 0.5])})
    assert (row.p_wilcoxon, row.difference) == (1.0, 0.0)
    assert (row.wins, row.losses) == (0, 0)


def test_holm_steps_down_and_keeps_the_order():
    # The worked example of Holm's procedure: 0.01 x 4, 0.02 x 3, 0.03 x 2, 0.04 x 1, monotone.
    np.testing.assert_allclose(correct_holm([0.04, 0.01, 0.03, 0.02]), [0.06, 0.04, 0.06, 0.06])
    np.testing.assert_allclose(correct_holm([0.9, 0.8]), [1.0, 1.0])
    assert correct_holm([]).tolist() == []
    p = np.random.default_rng(0).random(30) ** 3
    np.testing.assert_allclose(correct_holm(p), multipletests(p, method="holm")[1])
