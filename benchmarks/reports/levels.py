"""What orders the rows of a task: their means, made comparable where rows have different draws.

A draw of the split moves all methods together, often by more than they differ. A row with three of
ten draws is therefore not ordered by its own mean, which is that of three easy or hard splits, but
by that of a row with all draws plus their paired difference on the draws that both have.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean


def compute_levels(values: Sequence[Mapping[str, float]], lower_is_better: bool) -> list[float]:
    """Return a level for each row: its mean where it has as many draws as any.

    Parameters
    ----------
    values
        Of each row, its value on every split it has.
    lower_is_better
        Which way the metric is better: the best row with most draws is what the others are
        compared with. A row that shares no split with it keeps its mean.
    """
    means = [fmean(one.values()) for one in values]
    most = max((len(one) for one in values), default=0)
    whole = [at for at, one in enumerate(values) if len(one) == most]
    if len(whole) == len(values):
        return means
    at = (min if lower_is_better else max)(whole, key=lambda one: means[one])
    base = values[at]
    levels = []
    for mean, one in zip(means, values, strict=True):
        shared = [one[split] - base[split] for split in one if split in base]
        levels.append(mean if len(one) == most or not shared else means[at] + fmean(shared))
    return levels
