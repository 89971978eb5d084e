"""Percentile bootstrap over users, for many values at once."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...datasets.arrays import DoubleArray, LongArray
from .task_result import Estimate

DRAWS = 2_000_000
"""Users drawn at a time; bounds the memory."""
PERCENTILES = (2.5, 97.5)


def draw_resamples(users: int, resamples: int, seed: int) -> Iterator[DoubleArray]:
    """Yield float64 (some resamples, users): how often each user is drawn in each resample."""
    rng = np.random.default_rng(seed)
    rows = max(1, DRAWS // max(users, 1))
    for start in range(0, resamples, rows):
        n = min(rows, resamples - start)
        drawn = rng.integers(users, size=(n, users), dtype=np.int64)
        # Each resample counts in a range of its own, so that one bincount serves them all.
        drawn += np.arange(n)[:, None] * users
        counts = np.bincount(drawn.ravel(), minlength=n * users)
        yield counts.reshape(n, users).astype(np.float64)


def resample_means(values: DoubleArray, resamples: int, seed: int) -> DoubleArray:
    """Return float64 (resamples, values): the mean of each value in each resample.

    Parameters
    ----------
    values
        float64, (users, values); a NaN leaves the user out of that value. A resample that draws
        none of a value's users has the mean NaN.
    """
    counted = np.isfinite(values)
    partial = np.flatnonzero(~counted.all(axis=0))
    filled = np.where(counted, values, 0.0)
    present = counted[:, partial].astype(np.float64)
    means = np.empty((resamples, values.shape[1]))
    at = 0
    for counts in draw_resamples(len(values), resamples, seed):
        # How often each user was drawn is all that a mean needs: one product of counts and values
        # gives the sums of every value. Where a value lacks users, a resample's mean is a ratio
        # of two sums over the same draw: its denominator varies too.
        block = means[at : at + len(counts)]
        np.matmul(counts, filled, out=block)
        with np.errstate(invalid="ignore"):
            block[:, partial] /= counts @ present
        at += len(counts)
    whole = counted.all(axis=0)
    means[:, whole] /= max(len(values), 1)
    return means


def user_means(values: DoubleArray) -> DoubleArray:
    """Return float64, (values,): the mean of each column over the users who have it."""
    means: DoubleArray = np.nanmean(values, axis=0)
    return means


@dataclass(frozen=True)
class Resampled:
    """Means of many values with their resampled means, all from the same draws of users.

    Attributes
    ----------
    place
        Column of each value.
    means
        float64, (values,).
    draws
        float64, (resamples, values); the means themselves when there is no resampling.
    n
        int64, (values,): users that have the value.
    """

    place: Mapping[Hashable, int]
    means: DoubleArray
    draws: DoubleArray
    n: LongArray

    @classmethod
    def of(cls, metric_values: Mapping[Any, DoubleArray], resamples: int, seed: int) -> "Resampled":
        """Resample the users of per-user values; a value that nobody has is left out."""
        kept = {name: one for name, one in metric_values.items() if np.isfinite(one).any()}
        place = {name: column for column, name in enumerate(kept)}
        if not kept:
            return cls(place, np.zeros(0), np.zeros((1, 0)), np.zeros(0, dtype=np.int64))
        table = np.stack(list(kept.values()), axis=1)
        means = user_means(table)
        draws = resample_means(table, resamples, seed) if resamples else means[None, :]
        return cls(place, means, draws, np.isfinite(table).sum(axis=0))

    def estimates(self) -> dict[Hashable, Estimate]:
        """Return every value's mean with its 95 % percentile interval."""
        low, high = percentile_interval(self.draws, self.means)
        return {
            name: Estimate(float(self.means[c]), float(low[c]), float(high[c]), int(self.n[c]))
            for name, c in self.place.items()
        }

    def derived(
        self, names: list[Hashable], formula: Callable[[DoubleArray], DoubleArray], n: int
    ) -> Estimate:
        """Return a function of several means with its interval.

        Parameters
        ----------
        formula
            Maps float64 (rows, names) to (rows,).
        n
            Users behind it.
        """
        # The function of the means is taken within each resample, never of the ends of intervals:
        # the parts share their users, and only so does what they have in common cancel out
        # (Efron and Tibshirani 1993, chapter 13, on the percentile interval).
        columns = [self.place[name] for name in names]
        mean = formula(self.means[None, columns])
        low, high = percentile_interval(formula(self.draws[:, columns])[:, None], mean)
        return Estimate(float(mean[0]), float(low[0]), float(high[0]), n)


def percentile_interval(draws: DoubleArray, means: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Return the 2.5 and 97.5 percentiles of each column, resamples with NaN left out.

    Parameters
    ----------
    draws
        float64, (resamples, values).
    means
        float64, (values,): stands in where every resample is NaN.
    """
    low, high = np.percentile(draws, PERCENTILES, axis=0)
    for column in np.flatnonzero(np.isnan(low)):
        known = draws[np.isfinite(draws[:, column]), column]
        known = known if len(known) else means[column : column + 1]
        low[column], high[column] = np.percentile(known, PERCENTILES)
    return low, high
