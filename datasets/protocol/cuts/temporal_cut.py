"""The temporal strategy: cut-offs by time quantile, and who is first seen after them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ...arrays import IntArray
from ...errors import SplitError
from ...interactions import Interactions
from .cut import OUTSIDE, TEST, TRAIN, VALIDATION, Cut, Parts


def cut_by_time(pairs: Interactions, quantiles: Sequence[float]) -> Cut:
    """Put each pair before, between or after the cut-offs; an entity into its first period.

    Training is what lies strictly before the first cut-off. A pair is evaluated in the period in
    which it happened and in no other: validation never sees what lies after the second cut-off.

    Parameters
    ----------
    pairs
        Every pair has a timestamp.
    quantiles
        Two or three shares of the pairs, increasing; a cut-off is the time of the pair at that
        share. What happens from the third on is outside.

    Raises
    ------
    SplitError
        When timestamps are missing, or so coarse that a period is empty.
    """
    cutoffs, times = find_cutoffs(pairs, quantiles), pairs.timestamps
    assert times is not None  # or find_cutoffs would have refused
    parts = np.zeros(len(pairs), dtype=np.int8)
    for cutoff in cutoffs:
        parts += times >= cutoff
    users = _first_period(pairs.users, parts, pairs.n_users)
    items = _first_period(pairs.items, parts, pairs.n_items)
    return Cut(pairs, parts, users, items)


def find_cutoffs(pairs: Interactions, quantiles: Sequence[float]) -> list[int]:
    """Return the times at some shares of the pairs, increasing; errors as of ``cut_by_time``."""
    times = pairs.timestamps
    if times is None or not pairs.has_all_times or not len(pairs):
        raise SplitError(
            "strategy=temporal needs a timestamp on every interaction and this dataset lacks "
            "some; use strategy=random, or a dataset with complete timestamps"
        )
    at = np.minimum(np.floor(np.array(quantiles) * len(times)).astype(np.int64), len(times) - 1)
    cutoffs: list[int] = np.partition(times, at)[at].tolist()
    if not all(a < b for a, b in pairwise([int(times.min()), *cutoffs])):
        raise SplitError(
            f"quantiles {list(quantiles)} fall on the times {' and '.join(map(str, cutoffs))}, "
            "which leave a period empty; the timestamps are too coarse for them: choose quantiles "
            "further apart"
        )
    return cutoffs


def _first_period(entities: IntArray, parts: Parts, n: int) -> Parts:
    cohort = np.full(n, OUTSIDE, dtype=np.int8)
    for period in (TEST, VALIDATION, TRAIN):
        cohort[entities[parts == period]] = period
    return cohort
