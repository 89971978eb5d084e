"""Estimates of a task's values and of its slices, from the same resampled users.

Where candidates are cold, the items were drawn as much as the users: the interval of a value that
is a sum over hits (NDCG and recall of the whole task) is then over both.
"""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import cast

import numpy as np

from ...datasets.arrays import BoolArray, DoubleArray
from .bootstrap import Resampled
from .item_contributions import ItemContributions, linearise
from .slices import group_by_attribute
from .spread import spread_over_users_and_items
from .task_result import Estimate

MetricValues = Mapping[str, DoubleArray]


def estimate(
    whole: MetricValues,
    parts: Mapping[str, MetricValues],
    groups: dict[str, BoolArray],
    grouped: MetricValues,
    resamples: int,
    seed: int,
    items: ItemContributions | None = None,
) -> tuple[dict[str, Estimate], dict[str, dict[str, Estimate]]]:
    """Return the estimates of the whole task and of each slice.

    Parameters
    ----------
    whole
        Per-user values of the task; NaN leaves a user out.
    parts
        Per-user values by part of the truth.
    groups
        Masks over the users.
    grouped
        The values that are reported of each group.
    items
        What the cold items contribute to values of the whole task.
    """
    table: dict[Hashable, DoubleArray] = {("", name): one for name, one in whole.items()}
    for part, metric_values in parts.items():
        table |= {(part, name): one for name, one in metric_values.items()}
    for group, members in groups.items():
        table |= {(group, m): np.where(members, one, np.nan) for m, one in grouped.items()}
    resampled = Resampled.of(table, resamples, seed)
    found: dict[str, dict[str, Estimate]] = {"": {}}
    for key, one in resampled.estimates().items():
        part, name = cast(tuple[str, str], key)
        found.setdefault(part, {})[name] = one
    scores = found.pop("") | _harmonic(resampled, parts)
    if items is not None and resamples:
        scores |= _over_items_too(scores, whole, items)
    return scores, found | _gaps(resampled, groups, list(grouped))


def _over_items_too(
    scores: dict[str, Estimate], whole: MetricValues, items: ItemContributions
) -> dict[str, Estimate]:
    """Return the values that are sums over hits, each with its interval over users and items."""
    found = {}
    for name in items.sums:
        moved = linearise(items, name, len(whole[name]))
        low, high = spread_over_users_and_items(whole[name], moved).bounds(name)
        found[name] = replace(scores[name], low=low, high=high)
    return found


def _harmonic(resampled: Resampled, parts: Mapping[str, MetricValues]) -> dict[str, Estimate]:
    """Return ``harmonic_ndcg@k``: the harmonic mean of the warm and the cold part's mean NDCG.

    Source: Xian et al. 2017, who compare seen and unseen classes so. It is high only where both
    parts are: a method that never lists a cold item has 0, whatever it does for the warm ones.
    """
    found = {}
    for name in parts.get("cold_part", {}):
        both: list[Hashable] = [("cold_part", name), ("warm_part", name)]
        if name.startswith("ndcg@") and all(one in resampled.place for one in both):
            n = min(int(resampled.n[resampled.place[one]]) for one in both)
            found[f"harmonic_{name}"] = resampled.derived(both, _harmonic_mean, n)
    return found


def _harmonic_mean(pairs: DoubleArray) -> DoubleArray:
    """Return 2ab / (a + b) of each row, 0 where both are 0."""
    total, mean = pairs.sum(axis=1), np.zeros(len(pairs))
    np.divide(2.0 * pairs.prod(axis=1), total, out=mean, where=total != 0)
    return mean


def _gaps(
    resampled: Resampled, groups: dict[str, BoolArray], names: list[str]
) -> dict[str, dict[str, Estimate]]:
    """Return, for each attribute, how far its best group is above its worst.

    The interval is that of the difference between the two groups that are best and worst in the
    data; it does not search anew in every resample.
    """
    found: dict[str, dict[str, Estimate]] = {}
    for attribute, values in group_by_attribute(groups).items():
        found[f"gap:{attribute}"] = {}
        for name in names:
            means = [resampled.means[resampled.place[value, name]] for value in values]
            best, worst = values[int(np.argmax(means))], values[int(np.argmin(means))]
            ends: list[Hashable] = [(best, name), (worst, name)]
            n = sum(int(resampled.n[resampled.place[one]]) for one in ends)
            found[f"gap:{attribute}"][name] = resampled.derived(ends, _difference, n)
    return found


def _difference(pairs: DoubleArray) -> DoubleArray:
    result: DoubleArray = pairs[:, 0] - pairs[:, 1]
    return result
