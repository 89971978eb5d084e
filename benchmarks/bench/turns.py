"""Fair turns: every alternative is measured in each of them, so a disturbance meets all alike."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...datasets.arrays import DoubleArray


def in_turn(ways: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, DoubleArray]:
    """Return the seconds of each way in every turn."""
    seconds = {name: np.zeros(repeats) for name in ways}
    for turn in range(repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name][turn] = time.perf_counter() - start
    return seconds


def medians(turns: Mapping[str, DoubleArray], base: str) -> dict[str, float]:
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
def empty_home() -> Iterator[str]:
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
