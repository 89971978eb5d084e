"""Which setting holds on all datasets: the smallest mean relative regret.

The regret of a setting on a dataset is how far its validation stays below the best of all settings
there, as a share of that best: (best - value) / |best|, where a value is the mean over the groups
of tasks and over the split seeds. The setting with the smallest mean over the datasets is chosen,
the earlier of two equal ones. Settings without a value on every dataset and seed are left out, and
so are datasets on which no setting has one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...datasets.arrays import DoubleArray
from ..tuning.fit_trial import TrialResult, find_objective
from .jobs import Place


@dataclass(frozen=True)
class Choice:
    """The settings of a method, compared.

    Attributes
    ----------
    settings
        What was tried; 0 is the present default.
    datasets
        Those that are compared.
    values, regrets
        float64, (settings, datasets); NaN where there is none.
    chosen
        Number of the chosen setting; None where none has every value.
    seconds
        float64, (settings,): total time.
    """

    settings: Sequence[Mapping[str, Any]]
    datasets: Sequence[str]
    values: DoubleArray
    regrets: DoubleArray
    chosen: int | None
    seconds: DoubleArray

    @property
    def mean_regrets(self) -> DoubleArray:
        """float64, (settings,): mean over the datasets; NaN for a setting that is left out."""
        if not len(self.datasets):
            return np.full(len(self.settings), np.nan)
        means: DoubleArray = self.regrets.mean(axis=1)
        return means


def choose_setting(
    settings: Sequence[Mapping[str, Any]],
    places: Sequence[Place],
    results: Mapping[tuple[int, Place], TrialResult],
    group: str,
) -> Choice:
    """Compare settings on several datasets.

    Parameters
    ----------
    settings
        What was tried.
    places
        The splits.
    results
        What was found, by number of the setting and split; that of other splits does not count.
    group
        ``mean`` or a group of tasks.
    """
    names = list(dict.fromkeys(one.dataset for one in places))
    values = np.array(
        [
            [_mean(number, [p for p in places if p.dataset == name], results, group)
             for name in names]
            for number in range(len(settings))
        ]
    ).reshape(len(settings), len(names))  # fmt: skip
    there = ~np.isnan(values).all(axis=0)
    names, values = [name for name, one in zip(names, there, strict=True) if one], values[:, there]
    best = np.nanmax(values, axis=0) if len(names) else np.zeros(0)
    regrets = (best - values) / np.maximum(np.abs(best), 1e-12)
    seconds = np.zeros(len(settings))
    for (number, place), one in results.items():
        if number < len(seconds) and place in places:
            seconds[number] += one.seconds
    means = regrets.mean(axis=1) if len(names) else np.full(len(settings), np.nan)
    chosen = None if np.isnan(means).all() else int(np.nanargmin(means))
    return Choice(settings, names, values, regrets, chosen, seconds)


def _mean(
    number: int,
    places: Sequence[Place],
    results: Mapping[tuple[int, Place], TrialResult],
    group: str,
) -> float:
    """Return the mean over the split seeds; NaN where one is missing."""
    found = [results.get((number, place)) for place in places]
    return float(
        np.mean(
            [
                find_objective(one.groups, group)
                if one is not None and one.state == "complete"
                else np.nan
                for one in found
            ]
        )
    )
