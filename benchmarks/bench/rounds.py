"""Rounds: every alternative is measured in each, so that a disturbance affects all alike."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...datasets.arrays import DoubleArray


def measure_in_turn(
    ways: Mapping[str, Callable[[], Any]],
    repeats: int,
    clock: Callable[[], float] | None = None,
) -> dict[str, DoubleArray]:
    """Return the seconds of each way in every turn; every other turn goes backwards.

    Parameters
    ----------
    clock
        What tells the seconds; None is ``time.perf_counter``.
    """
    tell = time.perf_counter if clock is None else clock
    seconds = {name: np.zeros(repeats) for name in ways}
    for turn in range(repeats):
        for name in [*ways][:: -1 if turn % 2 else 1]:
            start = tell()
            ways[name]()
            seconds[name][turn] = tell() - start
    return seconds


def compute_medians(turns: Mapping[str, DoubleArray], base: str) -> dict[str, float]:
    """Return the median seconds of each way and, ``..._over_<base>``, of the turns' ratios."""
    return {
        **{name: float(np.median(seconds)) for name, seconds in turns.items()},
        **{
            f"{name}_over_{base}": float(np.median(seconds / turns[base]))
            for name, seconds in turns.items()
            if name != base
        },
    }


@contextmanager
def use_empty_cache() -> Iterator[str]:
    """Point the caches at an empty folder for a while."""
    before = os.environ.get("COLDBENCH_DATA")
    with tempfile.TemporaryDirectory() as home:
        os.environ["COLDBENCH_DATA"] = home
        try:
            yield home
        finally:
            os.environ.pop("COLDBENCH_DATA")
            if before is not None:
                os.environ["COLDBENCH_DATA"] = before
