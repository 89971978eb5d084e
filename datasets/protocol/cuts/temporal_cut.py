"""The temporal strategy: two cut-offs by time quantile, and who is first seen after them."""

from collections.abc import Sequence

import numpy as np

from ...arrays import IntArray
from ...errors import SplitError
from ...interactions import Interactions
from .cut import OUTSIDE, TEST, TRAIN, VALIDATION, Cut, Parts


def cut_by_time(pairs: Interactions, quantiles: Sequence[float]) -> Cut:
    """Put each pair before, between or after two cut-offs; an entity into its first period.

    Training is what lies strictly before the first cut-off. A pair is evaluated in the period in
    which it happened and in no other: validation never sees what lies after the second cut-off.

    Parameters
    ----------
    pairs
        Every pair has a timestamp.
    quantiles
        Two shares of the pairs, increasing; a cut-off is the time of the pair at that share.

    Raises
    ------
    SplitError
        When timestamps are missing, or so coarse that a period is empty.
    """
    if pairs.timestamps is None or not pairs.has_all_times or not len(pairs):
        raise SplitError(
            "strategy=temporal needs a timestamp on every interaction and this dataset lacks "
            "some; use strategy=random, or a dataset with complete timestamps"
        )
    times = pairs.timestamps
    at = np.minimum(np.floor(np.array(quantiles) * len(times)).astype(np.int64), len(times) - 1)
    first, second = np.partition(times, at)[at]
    if not times.min() < first < second:
        raise SplitError(
            f"quantiles {list(quantiles)} fall on the times {first} and {second}, which leave a "
            "period empty; the timestamps are too coarse for them: choose quantiles further apart"
        )
    parts = (times >= first).astype(np.int8) + (times >= second).astype(np.int8)
    users = _first_period(pairs.users, parts, pairs.n_users)
    items = _first_period(pairs.items, parts, pairs.n_items)
    return Cut(pairs, parts, users, items)


def _first_period(entities: IntArray, parts: Parts, n: int) -> Parts:
    cohort = np.full(n, OUTSIDE, dtype=np.int8)
    for period in (TEST, VALIDATION, TRAIN):
        cohort[entities[parts == period]] = period
    return cohort
