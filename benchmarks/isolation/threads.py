"""One number of threads for every library of a run."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Read by libraries that are loaded later than the limit is set."""


@contextmanager
def limit_threads(threads: int) -> Iterator[None]:
    """Hold BLAS, OpenMP, torch and numba to ``threads`` inside the block.

    torch and numba are reported only where they are loaded already; a method that loads them inside
    the block sets its own from ``train.resources.threads``.
    """
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(dict.fromkeys(VARIABLES, str(threads)))
    try:
        # Telling numba starts its pool, which sets OpenMP's number anew: a limit on each side.
        with threadpool_limits(threads):
            _limit_loaded(threads)
            with threadpool_limits(threads):
                yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _limit_loaded(threads: int) -> None:
    torch, numba = sys.modules.get("torch"), sys.modules.get("numba")
    if torch is not None:
        torch.set_num_threads(threads)
    if numba is not None:
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
