"""The tops of the lists in small: which of the first ten items are truth, how many of twenty."""

import numpy as np

from .metrics import Ranked
from .task_result import TopHits

TOP, DEEP = 10, 20
"""Ranks whose hits are kept one by one, and ranks whose hits are counted."""


def pack_hits(ranked: Ranked) -> TopHits:
    """Return which of the first ten items of each list are truth, and how many of twenty."""
    top = ranked.hits[:, :TOP]
    bits = top @ (1 << np.arange(top.shape[1], dtype=np.int64))
    deep = ranked.hits[:, :DEEP].sum(axis=1, dtype=np.int64)
    return TopHits(ranked.truth_counts.astype(np.int64), bits, deep)
