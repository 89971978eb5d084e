"""What a sweep of light runs costs beyond the fitting and scoring in it."""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...datasets.errors import ColdbenchError
from ..records.record import RunRecord, Status, read_all
from ..runs.job_outcome import read_outcomes
from .startup import PROGRAM, start, with_compiled

METHODS = ("random", "popularity", "item_knn", "content_knn", "profile_centroid")
SEEDS = (0, 1, 2, 3)
COMPOSE = (*PROGRAM, "run", "--cfg", "job", "method=random")
"""A process that starts, composes one run and makes none."""
MEASURES = ("fit_and_score", "command", "without_start", "jobs")


def measure_sweep(
    methods: Sequence[str] = METHODS,
    seeds: Sequence[int] = SEEDS,
    settings: Sequence[str] = (),
    repeats: int = 3,
) -> dict[str, float]:
    """Return the seconds of a sweep, and their ratios to fitting and scoring alone.

    One ``coldbench run -m`` makes every run of ``methods`` and ``seeds`` one after the other on
    one thread, on the embedded dataset with the default scenario and evaluation, into an empty
    results folder and with an empty cache.

    Parameters
    ----------
    settings
        Further words of the command.

    Returns
    -------
    dict
        Medians of the repeats: seconds ``fit_and_score``, the sum of ``fit_seconds``,
        ``score_seconds`` and ``validation_seconds`` of the records; ``command``, the whole
        process; ``without_start``, less a process that starts, composes one run and makes none;
        ``jobs``, the runs as each job clocks itself; and the ratios ``..._over_fit_and_score``.

    Raises
    ------
    ColdbenchError
        When not every run is made.
    """
    words = ["run", "-m", f"method={','.join(methods)}", f"seed={','.join(map(str, seeds))}"]
    runs = len(methods) * len(seeds)
    with tempfile.TemporaryDirectory() as compiled:
        environment = with_compiled(compiled, os.environ)
        start(COMPOSE, Path(compiled), environment)
        once = [_sweep([*words, *settings], runs, environment) for _ in range(repeats)]
    found = {name: float(np.median([one[name] for one in once])) for name in MEASURES}
    ratios = {
        f"{name}_over_{MEASURES[0]}": float(np.median([o[name] / o[MEASURES[0]] for o in once]))
        for name in MEASURES[1:]
    }
    return {**found, **ratios, "runs": runs}


def _sweep(words: Sequence[str], runs: int, around: dict[str, str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        own = {"COLDBENCH_DATA": str(folder / "data"), "COLDBENCH_RESULTS": str(folder / "results")}
        environment = around | own | {"OMP_NUM_THREADS": "1"}
        started = _seconds(COMPOSE, folder, environment)
        command = _seconds([*PROGRAM, *words], folder, environment)
        spent = [_cost(one) for one in read_all(folder / "results")]
        jobs = sum(one.seconds for one in read_outcomes(folder / "outputs"))
    if len(spent) != runs:
        raise ColdbenchError(f"the sweep left {len(spent)} records of {runs} runs; look at {words}")
    return {
        "fit_and_score": sum(spent),
        "command": command,
        "without_start": command - started,
        "jobs": jobs,
    }


def _seconds(words: Sequence[str], folder: Path, environment: dict[str, str]) -> float:
    began = time.perf_counter()
    start(words, folder, environment)
    return time.perf_counter() - began


def _cost(record: RunRecord | ColdbenchError) -> float:
    """Return what a run spent on fitting and scoring, of the test and of the validation tasks."""
    if isinstance(record, ColdbenchError):
        raise record
    if record.status is not Status.OK or record.cost is None:
        raise ColdbenchError(f"the run of {record.method} is {record.status.value}: {record.error}")
    cost = record.cost
    return cost.fit_seconds + cost.score_seconds + (cost.validation_seconds or 0.0)
