"""How far a mean may be from the truth: over draws of the split, or over users and items of one.

What was drawn at random decides the interval. Over several splits it is their spread (Nadeau and
Bengio 2003); on a single one it is that of users and cold items (Owen 2007).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...datasets.arrays import DoubleArray

CONFIDENCE = 0.95
LEAST_FREEDOM = 3.0
"""Degrees of freedom of a few dominating items; with fewer, Student's t has no variance."""
PRIOR_DRAWS = 4.0
"""So many draws the variance within one draw counts for, in the variance over draws."""
SHARES = frozenset(
    {"ndcg", "recall", "precision", "hit_rate", "mrr", "map", "auc", "harmonic_ndcg"}
)
"""Metrics between 0 and 1: an interval stays between them."""


class Spread(NamedTuple):
    """A mean with the error of its estimate.

    Attributes
    ----------
    mean
        The estimate.
    error
        Its standard error; infinite where there is nothing to estimate it from.
    freedom
        Degrees of freedom of the error, for Student's t.
    """

    mean: float
    error: float
    freedom: float

    @property
    def half(self) -> float:
        """Half of the 95 % interval."""
        from scipy.special import stdtrit

        if self.error == 0:
            return 0.0
        return float(stdtrit(self.freedom, (1 + CONFIDENCE) / 2) * self.error)

    @property
    def p_value(self) -> float:
        """The two-sided p-value of a mean of 0."""
        from scipy.special import stdtr

        if self.error == 0:
            return 1.0 if self.mean == 0 else 0.0
        return float(2 * stdtr(self.freedom, -abs(self.mean) / self.error))

    def bounds(self, metric: str) -> tuple[float, float]:
        """Return the ends of the 95 % interval of a metric value, ``"ndcg@10"``.

        On the scale of the logit for a share and of the logarithm for another positive value:
        on cold items a few popular items decide, so that means are skewed, and a symmetric
        interval around a low one ends too early above and below 0.
        """
        mean = self.mean
        if not np.isfinite(self.error):
            return mean, mean
        if metric.split("@")[0] in SHARES and 0 < mean < 1:
            odds, moved = mean / (1 - mean), self.half / (mean * (1 - mean))
            return 1 / (1 + np.exp(moved) / odds), 1 / (1 + np.exp(-moved) / odds)
        if mean > 0:
            with np.errstate(over="ignore"):
                return mean * np.exp(-self.half / mean), float(mean * np.exp(self.half / mean))
        return mean - self.half, mean + self.half


def estimate_error(mean: float, low: float, high: float, metric: str) -> float:
    """Return the standard error behind a 95 % interval, read on the scale of ``Spread.bounds``.

    As if it had many degrees of freedom; where it has few, the error is too large, not too small.
    """
    from scipy.special import ndtri

    if metric.split("@")[0] in SHARES and 0 < low <= mean <= high < 1:
        odds = np.log(high / (1 - high)) - np.log(low / (1 - low))
        width = float(odds * mean * (1 - mean))
    else:
        width = high - low
    return width / (2 * float(ndtri((1 + CONFIDENCE) / 2)))


def spread_over_draws(
    values: Sequence[float], overlap: float, within: float | None = None
) -> Spread:
    """Return the mean over draws of the split and its error, corrected for their overlap.

    Source: Nadeau and Bengio 2003, equation 9. Two draws share most of their training data, so
    that their values are positively correlated and S^2 / J is too small a variance of the mean;
    (1 / J + overlap) S^2 does not vanish however many draws there are.

    Parameters
    ----------
    values
        One per draw; one alone has no error.
    overlap
        Size of the test side over the size of the training side.
    within
        Variance of one value by the users and items of its own draw, where it is known. Three
        draws hardly tell their variance: it is steadied by this one, which counts as
        ``PRIOR_DRAWS`` more (Baldi and Long 2001, equation 8; Smyth 2004), so that the degrees
        of freedom grow by as many. What varies between draws beyond users and items, the
        training, is in S^2 and counts for more with every draw.
    """
    held = np.asarray(values, dtype=np.float64)
    count, mean = len(held), float(held.mean())
    if count < 2:
        return Spread(mean, np.inf, 1.0)
    variance, freedom = float(held.var(ddof=1)), count - 1.0
    if variance <= 1e-24 * max(1.0, mean**2):  # equal values, whose mean is rounded
        variance = 0.0
    if within and (variance > 0 or mean != 0):
        variance = (PRIOR_DRAWS * within + freedom * variance) / (PRIOR_DRAWS + freedom)
        freedom += PRIOR_DRAWS
    return Spread(mean, float(np.sqrt(variance * (1 / count + overlap))), freedom)


def spread_over_users_and_items(users: DoubleArray, moved: DoubleArray) -> Spread:
    """Return the mean over the users of one split and its error over users and items.

    The variance of the pigeonhole bootstrap (Owen 2007) in closed form: that over users plus that
    over items. It is on the safe side, because the noise of single hits is in both. Few items may
    hold most of the truth: the degrees of freedom are those of Satterthwaite 1946, the items
    counted by how many of them matter, (sum of squares)^2 / sum of fourth powers.

    Parameters
    ----------
    users
        float64, (users,): values, or differences of two methods; NaN leaves a user out.
    moved
        float64, (items,): by how much the mean moves when an item is drawn once more; empty
        where no item was drawn.
    """
    known = users[np.isfinite(users)]
    count = len(known)
    if count < 2:
        return Spread(float(known.mean()) if count else np.nan, np.inf, 1.0)
    by_users, by_items = float(known.var(ddof=1)) / count, float((moved**2).sum())
    error = float(np.sqrt(by_users + by_items))
    if error == 0 or by_items == 0:
        return Spread(float(known.mean()), error, count - 1.0)
    matter = by_items**2 / float((moved**4).sum())
    parts = by_users**2 / (count - 1) + by_items**2 / max(matter - 1.0, LEAST_FREEDOM)
    return Spread(float(known.mean()), error, (by_users + by_items) ** 2 / parts)
