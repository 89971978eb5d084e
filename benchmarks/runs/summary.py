"""The summary of a sweep: counts by status, reasons of failures, and missing runs."""

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from ...datasets.atomic import replace_atomically
from ..plugins.registry import GROUPS
from ..terminal.console import make_console, make_table
from ..terminal.fitted_table import TableColumn
from .job_outcome import NOT_RUN, Outcome, list_unfinished, read_outcomes

PLAN = "plan.json"
"""In the folder of a sweep: the jobs that it is made of."""
ROWS = 50
"""Missing runs that are named; of a longer list the rest is counted."""
ELSEWHERE = "the records and outcomes have them"
AGAIN = "the same command makes the missing runs"
APART = (
    "isolate=true (where the system can fork) or hydra/launcher=submitit_local gives each run a "
    "process of its own, so that one that dies does not end the sweep"
)


def list_job_words(config: DictConfig) -> list[list[str]] | None:
    """Return the words of each job of Hydra's own sweeper; None for another sweeper."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.override_parser.overrides_parser import OverridesParser

    if not str(config.hydra.sweeper._target_).endswith("BasicSweeper"):
        return None
    words = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
    words += list(config.hydra.overrides.task)
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    try:
        jobs: list[list[str]] = BasicSweeper.split_arguments(parser.parse_overrides(words), None)[0]
    except Exception as error:  # Hydra itself will refuse the words, with the better sentence
        logging.getLogger(__name__).debug("cannot count the jobs: %s", error)
        return None
    return jobs


def plan_jobs(config: DictConfig, words: Sequence[Sequence[str]] | None) -> list[Outcome] | None:
    """Return the jobs of these words, not run; None where nobody could list them."""
    if words is None:
        return None
    shared = set.intersection(*map(set, words)) if words else set()
    return [_not_run(number, job, shared, config) for number, job in enumerate(words)]


def _not_run(number: int, job: Sequence[str], shared: set[str], config: DictConfig) -> Outcome:
    """Return a job by its words; the settings by which it differs from others follow the method."""
    typed = dict(word.lstrip("+").split("=", 1) for word in job if "=" in word)
    choices: Any = config.hydra.runtime.choices
    named = {group: typed.get(group, str(choices.get(group))) for group in GROUPS}
    varied = [
        one for one in job if one not in shared and one.split("=")[0] not in (*GROUPS, "seed")
    ]
    seed = typed.get("seed", "")
    return Outcome(
        number=number,
        status=NOT_RUN,
        method=" ".join([named["method"], *varied]),
        dataset=named["dataset"],
        scenario=named["scenario"],
        seed=int(seed) if seed.isdecimal() else int(config.seed),
        record=None,
        score="",
        seconds=0.0,
    )


def save_plan(folder: Path, jobs: Sequence[Outcome] | None) -> None:
    """Write the jobs into the folder of their sweep, for whoever closes it."""
    content = None if jobs is None else [asdict(one) for one in jobs]
    with replace_atomically(folder / PLAN, durable=False) as file:
        file.write(json.dumps(content).encode())


def _plan(folder: Path) -> list[Outcome]:
    """Return the jobs of a sweep; none where nobody could count them."""
    try:
        return [Outcome(**one) for one in json.loads((folder / PLAN).read_bytes()) or []]
    except FileNotFoundError:
        return []


def list_missing(folder: Path, reason: str) -> list[Outcome]:
    """Return the jobs of a sweep that left no outcome, those that had begun first.

    Parameters
    ----------
    reason
        Why a job that had begun did not end.
    """
    ended = {one.number for one in read_outcomes(folder)}
    begun = {one.number: replace(one, status=NOT_RUN) for one in list_unfinished(folder)}
    jobs = begun | {one.number: one for one in _plan(folder)}
    lost = [
        replace(one, reason=reason) if number in begun else one
        for number, one in sorted(jobs.items())
        if number not in ended
    ]
    return sorted(lost, key=lambda one: one.reason is None)


def summarise(found: Sequence[Outcome], lost: Sequence[Outcome]) -> None:
    """Print how many runs ended how, the reason of each without scores, and what is missing."""
    out = make_console()
    counts = Counter(one.status for one in found)
    parts = [f"{n} {status.replace('_', ' ')}" for status, n in sorted(counts.items())]
    if lost:
        parts.append(f"{len(lost)} not run")
    out.print(f"\n{len(found)} runs: {', '.join(parts) or 'none'}", soft_wrap=True)
    bad = [one for one in found if one.status in ("failed", "not_applicable")]
    shown = [*bad, *lost[:ROWS]]
    if shown:
        where_run = TableColumn("scenario/dataset", leave=1)
        rows = make_table(
            "status", "job", "method", where_run, "seed", "reason", elsewhere=ELSEWHERE
        )
        for one in shown:
            where, status = f"{one.scenario}/{one.dataset}", one.status.replace("_", " ")
            cells = status, str(one.number), one.method, where, str(one.seed), one.reason or ""
            rows.add_row(*cells)
        out.print(rows)
    if len(lost) > ROWS:
        out.print(f"and {len(lost) - ROWS} more that were not run", soft_wrap=True)
    if lost:
        out.print(AGAIN, soft_wrap=True)


def close_after_crash(folder: Path, how: str) -> None:
    """Print the summary of a sweep whose own process died."""
    summarise(read_outcomes(folder), list_missing(folder, f"its process {how}"))
    make_console().print(APART, soft_wrap=True)
