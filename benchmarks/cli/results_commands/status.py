"""``coldbench results status``: how far the sweeps of a folder are, from any terminal."""

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console

from ...store.live_marks import Mark
from ...store.status import Board, StoreStatus, find_status, to_document
from ...store.sweep_state import FAILED, MISSING, STATES, SweepState
from ...terminal.complaint import complain
from ...terminal.console import format_duration, make_console, make_table
from .folder import find_home, make_parser

SHOWN = 10
"""Sweeps that are shown unless all are wanted."""


def main(argv: list[str]) -> int:
    """Print how far the sweeps are; the exit status is 0."""
    parser = make_parser(
        "status",
        "What is done, failed, not applicable, running and missing, of every sweep and of every "
        "leaderboard, while sweeps run or after they were killed. Nothing is written.",
    )
    parser.add_argument("--all", action="store_true", help=f"more than the last {SHOWN} sweeps")
    parser.add_argument("--json", action="store_true", help="everything, by job, as JSON")
    options = parser.parse_args(argv)
    home = find_home(options.folder)
    status = find_status(home)
    if options.json:
        sys.stdout.write(json.dumps(to_document(home, status), indent=1) + "\n")
        return 0
    for problem in status.problems:
        complain(problem)
    _show(make_console(), home, status, None if options.all else SHOWN)
    return 0


def _show(out: Console, home: Path, status: StoreStatus, most: int | None) -> None:
    if status.sweeps:
        _show_sweeps(out, status.sweeps[:most])
        left = len(status.sweeps) - len(status.sweeps[:most])
        if left:
            out.print(f"and {left} earlier sweeps; --all shows them")
    if status.runs:
        _show_runs(out, status.runs)
    if status.boards:
        _show_boards(out, status.boards)
    if not status.boards:
        out.print(f"{home}: no record and no sweep", soft_wrap=True)
    for one in status.sweeps[:most]:
        if not one.live and one.counts[MISSING]:
            out.print(_advise(home, one), soft_wrap=True)


def _show_sweeps(out: Console, sweeps: Sequence[SweepState]) -> None:
    names = [one.replace("_", " ") for one in STATES]
    rows = make_table("sweep", "id", "started", "now", "jobs", *names, "left")
    for one in sweeps:
        counts = [str(one.counts[state]) for state in STATES]
        planned = str(len(one.jobs)) if one.sweep.jobs is not None else "?"
        rows.add_row(
            one.sweep.name or "-", one.sweep.id, _format_time(one.sweep.started), _say_now(one),
            planned, *counts, _say_left(one),
        )  # fmt: skip
    out.print(rows)


def _say_now(one: SweepState) -> str:
    if one.live:
        return "running"
    if one.counts[MISSING]:
        return "stopped"
    return "ended, some failed" if one.counts[FAILED] else "ended"


def _say_left(one: SweepState) -> str:
    """Return the time left of a sweep; of one that was stopped, what it would still take."""
    if one.seconds_left is None:
        return "unknown" if one.counts[MISSING] or one.live else "-"
    return f"about {format_duration(one.seconds_left)}"


def _show_runs(out: Console, runs: Sequence[Mark]) -> None:
    rows = make_table("running", "scenario/dataset", "seed", "for", "process")
    for one in sorted(runs, key=lambda run: run.began):
        since = format_duration(max(0.0, time.time() - one.began))
        place = f"{one.scenario}/{one.dataset}"
        rows.add_row(one.method, place, str(one.seed), since, f"{one.pid} on {one.host}")
    out.print(rows)


def _show_boards(out: Console, boards: dict[Board, Counter[str]]) -> None:
    seen = {status for counts in boards.values() for status in counts}
    columns = [one for one in _COLUMNS if one in seen or one in ("ok", "failed")]
    rows = make_table("scenario/dataset", *(one.replace("_", " ") for one in columns))
    for (scenario, dataset), counts in boards.items():
        rows.add_row(f"{scenario}/{dataset}", *(str(counts[one]) for one in columns))
    out.print(rows)


_COLUMNS = ("ok", "failed", "not_applicable", "unreadable", "running", "missing")


def _advise(home: Path, one: SweepState) -> str:
    label = f"{one.sweep.name} ({one.sweep.id})" if one.sweep.name else one.sweep.id
    return (
        f"sweep {label} lacks {one.counts[MISSING]} runs and nobody makes them; the same command "
        f"does, or: coldbench results retry {home} --sweep {one.sweep.id}"
    )


def _format_time(stamp: str) -> str:
    """Return a time in UTC as the clock here shows it."""
    try:
        return datetime.fromisoformat(stamp).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return stamp
