"""What holds for every test, and the split, NDCG and chance level that tests of methods share."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from coldbench.benchmarks.evaluation.validation import Validation
from coldbench.benchmarks.evaluation.validation import split as make_split
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.sources.planted.source import Planted
from coldbench.datasets.world import Query, Split

# numba refuses another number of threads once its own run: no command that a test calls in this
# process may set one for its children.
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
os.environ.setdefault("NUMBA_NUM_THREADS", str(CORES))


@pytest.fixture(autouse=True)
def _wide_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print as into a file or a pipe: a parallel run states the width of its own screen."""
    monkeypatch.delenv("COLUMNS", raising=False)
    os.unsetenv("COLUMNS")  # readline, which pytest imports, puts it where only children see it


@pytest.fixture(scope="session")
def split() -> Split:
    """The planted dataset with both sides cold; every array of it is read-only."""
    return make_split(Planted().load(), Grid(), 0)


@pytest.fixture(scope="session")
def ndcg(split: Split) -> Callable[..., float]:
    """Return the NDCG of a method or scorer in a test task, or of another query with its truth."""

    def measured(scorer: Any, task: str, query: Query | None = None) -> float:
        holdout = split.test[task]
        if query is not None:
            holdout = replace(holdout, query=query)
        return Validation({task: holdout}, 0)(scorer)

    return measured


@pytest.fixture(scope="session")
def chance(ndcg: Callable[..., float]) -> Callable[[str], float]:
    """Return the NDCG of random scores in a test task: the mean of five draws."""

    @cache
    def level(task: str) -> float:
        rng = np.random.default_rng(0)

        def draw(query: Query) -> np.ndarray:
            return rng.random((len(query.users), len(query.items)), dtype=np.float32)

        return float(np.mean([ndcg(draw, task) for _ in range(5)]))

    return level


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, and refuse a slow leak test.

    Tests of a file share what is fitted for them, unless they name a group of their own; slow ones
    are few, and better spread. What is slow may be left out for want of time, a leak test never.
    """
    for one in items:
        if not any(map(one.get_closest_marker, ("xdist_group", "slow"))):
            one.add_marker(pytest.mark.xdist_group(one.path.stem))
    slow = (one for one in items if one.get_closest_marker("slow"))
    leaks = [one.nodeid for one in slow if "leak" in one.nodeid.lower()]
    if leaks:
        raise pytest.UsageError(f"a leak test is never slow: {', '.join(leaks)}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip slow tests once the time given to them is over, and say so."""
    until = os.environ.get("COLDBENCH_SLOW_UNTIL")
    # What a test takes must be left: a minute, or what it says, as by ``slow(seconds=600)``.
    takes = [mark.kwargs.get("seconds", 60.0) for mark in item.iter_markers("slow")]
    if until and takes and time.time() + max(takes) > float(until):
        pytest.skip("the time for slow tests is over (COLDBENCH_SLOW_UNTIL); `make slow` runs all")
