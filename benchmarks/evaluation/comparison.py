"""Whether one method is better than another on the same users of one split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ...datasets.arrays import DoubleArray, IntArray
from ...datasets.errors import ColdbenchError
from .spread import spread_over_users_and_items


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
        Mean of first minus second, with its 95 % interval over the users (Student's t).
    n, wins, losses
        Users compared; how many score higher under the first, under the second.
    p_wilcoxon
        Two-sided p-value of no difference, Wilcoxon signed-rank.
    holm_wilcoxon
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
    p_wilcoxon: float
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


def compare(methods: Mapping[str, PerUser], *, baseline: str | None = None) -> list[Comparison]:
    """Compare methods in pairs on the users of one split and correct the p-values over the table.

    Parameters
    ----------
    methods
        Per-user values of one value in one task.
    baseline
        Compare every other method with this one only; by default every pair.
    """
    if baseline is not None and baseline not in methods:
        raise ColdbenchError(f"no method {baseline!r} to compare with; there are {list(methods)}")
    pairs = [(a, b) for a, b in combinations(methods, 2) if baseline is None or baseline in (a, b)]
    pairs = [(b, a) if a == baseline else (a, b) for a, b in pairs]
    table = [_compare(a, b, pair_differences(methods[a], methods[b])) for a, b in pairs]
    corrected = correct_holm([row.p_wilcoxon for row in table])
    return [replace(row, holm_wilcoxon=float(p)) for row, p in zip(table, corrected, strict=True)]


def _compare(first: str, second: str, differences: DoubleArray) -> Comparison:
    spread = spread_over_users_and_items(differences, np.zeros(0))
    half = spread.half if np.isfinite(spread.error) else 0.0
    p_wilcoxon = _wilcoxon_p(differences)
    return Comparison(
        first, second, spread.mean, spread.mean - half, spread.mean + half,
        len(differences), int((differences > 0).sum()), int((differences < 0).sum()),
        p_wilcoxon, p_wilcoxon,
    )  # fmt: skip


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
