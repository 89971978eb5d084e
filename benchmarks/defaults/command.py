"""Choose the defaults of methods on several datasets, by validation, within a clock."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...datasets.errors import ColdbenchError
from ...datasets.validation_score import GROUPS
from ..plugins.registry import find
from ..tuning.fit_trial import MEAN
from ..tuning.worker_pool import WorkerPool
from .clock import SearchClock
from .jobs import Place, list_jobs, list_settings, make_sources, serve_jobs
from .search import MethodSearch, run_searches

PROGRAM = "python -m coldbench.benchmarks.defaults"
DATASETS = ("movietweetings", "ml-100k", "ml-latest-small", "ml-1m")
"""Those with both features and a graph, which every method can be fitted on."""


def main(argv: Sequence[str]) -> int:
    """Try the same settings on every dataset, write a table for each method; return 0.

    Exit status 2 says that what was typed does not exist.
    """
    asked = _arguments(argv)
    for name, value in (("OMP_NUM_THREADS", asked.threads), ("NUMBA_NUM_THREADS", asked.threads)):
        os.environ.setdefault(name, str(value))
    try:
        searches = _plan(asked)
    except ColdbenchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    clock = SearchClock(60 * asked.minutes, time.monotonic)
    with WorkerPool(serve_jobs, asked.threads, asked.workers) as pool:
        run_searches(searches, pool, clock, asked.trial_seconds)
    for one in searches:
        sys.stdout.write(f"{one.describe()}\n")
    sys.stdout.flush()
    return 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Choose defaults: the same settings on every dataset, by validation alone.",
    )
    parser.add_argument("methods", nargs="+", help="names of `coldbench list methods`")
    parser.add_argument(
        "--datasets",
        nargs="+",
        default=list(DATASETS),
        help="at least four; NAME@open admits users' words",
    )
    parser.add_argument("--scenario", default="grid", help="by default grid")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="of the splits")
    parser.add_argument("--trials", type=int, default=24, help="settings, the default among them")
    parser.add_argument(
        "--against",
        nargs="+",
        metavar="FIELD=VALUE",
        help="compare the default with these settings alone, in a table METHOD.against.csv",
    )
    parser.add_argument(
        "--records",
        type=Path,
        help="folder of results: what a run there has validated is not fitted again",
    )
    parser.add_argument("--search-seed", type=int, default=0, help="draws the settings")
    parser.add_argument("--group", default=MEAN, choices=[MEAN, *GROUPS], help="what is validated")
    parser.add_argument("--minutes", type=float, default=60.0, help="for all methods together")
    parser.add_argument("--trial-seconds", type=float, default=600.0, help="the most for one fit")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--threads", type=int, default=1, help="of each")
    parser.add_argument("--out", type=Path, default=_home(), help="folder of the tables")
    return parser.parse_args(argv)


def _home() -> Path:
    return Path(os.environ.get("COLDBENCH_RESULTS", "results")) / "defaults"


def _plan(asked: argparse.Namespace) -> list[MethodSearch]:
    """Return the search of each method; names that do not exist are refused."""
    places = [Place(name, asked.scenario, seed) for seed in asked.seeds for name in asked.datasets]
    for place in places:
        make_sources(place)
    searches = []
    for method in asked.methods:
        name = method
        if asked.against:
            name, settings = f"{method}.against", _against(method, asked.against)
        else:
            settings = list_settings(method, asked.trials, asked.search_seed)
        jobs = list_jobs(method, settings, places)
        search = MethodSearch(method, settings, places, jobs, asked.group, asked.out / name)
        if asked.records is not None:
            from .recorded import RecordedTrials

            search.take_known(RecordedTrials(asked.records))
        searches.append(search)
    return searches


def _against(method: str, words: Sequence[str]) -> list[dict[str, Any]]:
    """Return the present default and the settings that are typed, its other fields the same."""
    import yaml

    from ..config.configured import configured

    for word in words:
        if "=" not in word:
            raise ColdbenchError(f"--against {word}: settings are typed as field=value")
    typed = {name: yaml.safe_load(value) for name, _, value in (w.partition("=") for w in words)}
    own = list_settings(method, 1, 0)[0]
    default = find("methods", method)()
    other = configured(default, typed, "method")
    names = [*own, *(name for name in typed if name not in own)]
    return [{name: getattr(one, name) for name in names} for one in (default, other)]
