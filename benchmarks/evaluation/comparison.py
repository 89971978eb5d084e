"""Whether one method is better than another on the same users."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ...datasets.arrays import DoubleArray, IntArray
from ...datasets.errors import ColdbenchError
from .bootstrap import percentile_interval, resample_means

OVERLAP = 0.1 / 0.8
"""Test part over training part of a split, by the protocol's default fractions."""


@dataclass(frozen=True)
class PerUser:
    """One value of one method.

    Attributes
    ----------
    users
        int32, (users,): dataset indices, each once.
    values
        float64, (users,); NaN where the value is undefined.
    """

    users: IntArray
    values: DoubleArray


@dataclass(frozen=True)
class Comparison:
    """Two methods on the users that both have.

    Attributes
    ----------
    first, second
        Their names.
    difference, low, high
        Mean of first minus second, with its 95 % paired bootstrap interval.
    n, wins, losses
        Users compared; how many score higher under the first, under the second.
    p_bootstrap, p_wilcoxon
        Two-sided p-values of no difference: paired bootstrap, Wilcoxon signed-rank.
    holm_bootstrap, holm_wilcoxon
        The same after Holm's correction over the table.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    n: int
    wins: int
    losses: int
    p_bootstrap: float
    p_wilcoxon: float
    holm_bootstrap: float
    holm_wilcoxon: float


def pair_differences(first: PerUser, second: PerUser) -> DoubleArray:
    """Return first minus second of the users that both have, in the order of their indices.

    Raises
    ------
    ColdbenchError
        When no user is in both.
    """
    _, left, right = np.intersect1d(
        first.users, second.users, assume_unique=True, return_indices=True
    )
    differences: DoubleArray = first.values[left] - second.values[right]
    differences = differences[np.isfinite(differences)]
    if len(differences) == 0:
        raise ColdbenchError("two methods without a common user cannot be compared")
    return differences


def compare(
    methods: Mapping[str, PerUser],
    *,
    baseline: str | None = None,
    resamples: int = 10_000,
    seed: int = 0,
) -> list[Comparison]:
    """Compare methods in pairs and correct the p-values over the table.

    Parameters
    ----------
    methods
        Per-user values of one value in one task.
    baseline
        Compare every other method with this one only; by default every pair.
    resamples, seed
        Of the paired bootstrap.
    """
    if baseline is not None and baseline not in methods:
        raise ColdbenchError(f"no method {baseline!r} to compare with; there are {list(methods)}")
    pairs = [(a, b) for a, b in combinations(methods, 2) if baseline is None or baseline in (a, b)]
    pairs = [(b, a) if a == baseline else (a, b) for a, b in pairs]
    differences = [pair_differences(methods[a], methods[b]) for a, b in pairs]
    draws = _resampled(differences, resamples, seed)
    table = [
        _compare(*names, *metric_values)
        for names, *metric_values in zip(pairs, differences, draws, strict=True)
    ]
    bootstrap = correct_holm([row.p_bootstrap for row in table])
    wilcoxon = correct_holm([row.p_wilcoxon for row in table])
    return [
        replace(row, holm_bootstrap=float(b), holm_wilcoxon=float(w))
        for row, b, w in zip(table, bootstrap, wilcoxon, strict=True)
    ]


def _resampled(differences: Sequence[DoubleArray], resamples: int, seed: int) -> list[DoubleArray]:
    """Return float64 (resamples,) of each pair; pairs with as many users share the draws."""
    sizes = [len(one) for one in differences]
    # The same draws for all pairs: what chance does to one pair it does to the next, so that
    # p-values of a table differ by the methods alone.
    means: dict[int, Iterator[DoubleArray]] = {}
    for size in set(sizes):
        columns = [one for one in differences if len(one) == size]
        means[size] = iter(resample_means(np.stack(columns, axis=1), resamples, seed).T)
    return [next(means[size]) for size in sizes]


def _compare(first: str, second: str, differences: DoubleArray, draws: DoubleArray) -> Comparison:
    mean = differences.mean()
    low, high = percentile_interval(draws[:, None], np.array([mean]))
    p_bootstrap, p_wilcoxon = _bootstrap_p(draws), _wilcoxon_p(differences)
    return Comparison(
        first, second, float(mean), float(low[0]), float(high[0]),
        len(differences), int((differences > 0).sum()), int((differences < 0).sum()),
        p_bootstrap, p_wilcoxon, p_bootstrap, p_wilcoxon,
    )  # fmt: skip


def _bootstrap_p(draws: DoubleArray) -> float:
    """Return twice the share of resamples on the far side of zero, the data counted as one more."""
    # The data itself is one more draw, so that no p-value is 0, which finitely many draws cannot
    # show (Davison and Hinkley 1997, section 4.2). Draws of exactly zero speak for both sides.
    below, above = int((draws <= 0).sum()), int((draws >= 0).sum())
    return min(1.0, 2.0 * (min(below, above) + 1) / (len(draws) + 1))


def _wilcoxon_p(differences: DoubleArray) -> float:
    """Return the signed-rank p-value; equal users say nothing, and 1 where all are equal."""
    from scipy.stats import wilcoxon

    # Wilcoxon's own treatment of zeros: on sparse truth most users score 0 under both methods, and
    # ranks that include them would drown those who tell the methods apart.
    unequal = differences[differences != 0]
    return float(wilcoxon(unequal).pvalue) if len(unequal) else 1.0


def correct_holm(p_values: Sequence[float]) -> DoubleArray:
    """Return Holm's step-down corrected p-values, in the order given (Holm 1979)."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    # The smallest of m is multiplied by m, the next by m - 1 and so on: once the smaller ones are
    # rejected, fewer hypotheses are left to be wrong about. The running maximum keeps a larger
    # p-value from becoming the smaller one.
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def p_over_splits(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of no difference over several draws of the split.

    A t test whose variance counts the overlap of the training sets (Nadeau and Bengio 2003).
    Users of one draw cannot tell it: on cold items the items were drawn, and what they have in
    common moves all users together. 1 where there is one draw.
    """
    from scipy.stats import t

    n = len(differences)
    if n < 2:
        return 1.0
    # Two random splits share most of their training data, so their differences are positively
    # correlated and S^2 / n is too small a variance of the mean; the correction estimates it as
    # (1 / n + test size / training size) S^2, which does not vanish however many splits there are.
    spread = np.std(differences, ddof=1) * np.sqrt(1 / n + OVERLAP)
    if spread == 0:
        return 1.0 if np.mean(differences) == 0 else 0.0
    return float(2 * t.sf(abs(np.mean(differences)) / spread, n - 1))
