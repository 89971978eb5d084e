"""What is done, failed, running and missing in a folder of records, by sweep and by leaderboard."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .found_marks import list_live
from .glance import glance_all
from .live_marks import RUN, Mark
from .sweep_file import read_sweeps
from .sweep_state import MISSING, RUNNING, SweepState, find_states

Board = tuple[str, str]
"""Scenario and dataset."""


@dataclass
class StoreStatus:
    """What a folder of records holds and what is being added.

    Attributes
    ----------
    sweeps
        The last one first.
    runs
        What is being done, in sweeps or alone.
    boards
        By scenario and dataset: how many records have each status, and how many runs are
        ``running`` or ``missing`` from a sweep.
    problems
        A sentence for each file of a sweep that cannot be read.
    """

    sweeps: list[SweepState] = field(default_factory=list)
    runs: list[Mark] = field(default_factory=list)
    boards: dict[Board, Counter[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def find_status(home: Path) -> StoreStatus:
    """Return the status of a folder of records; nothing is written, whoever is at work there."""
    files, problems = read_sweeps(home)
    marks = list_live(home)
    sweeps = find_states(home, files, marks)
    runs = [one for one in marks if one.kind == RUN]
    return StoreStatus(sweeps, runs, _count_boards(home, sweeps, runs), problems)


def _count_boards(
    home: Path, sweeps: Sequence[SweepState], runs: Sequence[Mark]
) -> dict[Board, Counter[str]]:
    boards: dict[Board, Counter[str]] = {}
    for one in glance_all(home):
        boards.setdefault((one.scenario, one.dataset), Counter())[one.status] += 1
    for run in runs:
        boards.setdefault((run.scenario, run.dataset), Counter())[RUNNING] += 1
    counted = set[tuple[Any, ...]]()
    for sweep in sweeps:
        for job in sweep.jobs:
            board = job.job.scenario, job.job.dataset
            if job.state == MISSING and (*board, job.job.essence) not in counted:
                counted.add((*board, job.job.essence))
                boards.setdefault(board, Counter())[MISSING] += 1
    return dict(sorted(boards.items()))


def to_document(home: Path, status: StoreStatus) -> dict[str, Any]:
    """Return a status as JSON values."""
    return {
        "results": str(home),
        "sweeps": [_describe_sweep(one) for one in status.sweeps],
        "running": [asdict(one) for one in status.runs],
        "boards": [
            {"scenario": scenario, "dataset": dataset} | dict(counts)
            for (scenario, dataset), counts in status.boards.items()
        ],
        "problems": status.problems,
    }


def _describe_sweep(one: SweepState) -> dict[str, Any]:
    sweep = one.sweep
    jobs = [
        asdict(state.job)
        | {"state": state.state, "seconds": state.seconds, "reason": state.reason}
        | {"record": None if state.record is None else str(state.record)}
        for state in one.jobs
    ]
    return {
        "id": sweep.id,
        "name": sweep.name,
        "started": sweep.started,
        "pid": sweep.pid,
        "host": sweep.host,
        "live": one.live,
        "planned": sweep.jobs is not None,
        "counts": dict(one.counts),
        "seconds_left": one.seconds_left,
        "jobs": jobs,
    }
