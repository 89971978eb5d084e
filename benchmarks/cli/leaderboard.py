"""``coldbench leaderboard``: the standings drawn from the records in results/ alone."""

import argparse
import sys
from pathlib import Path

from ...datasets.errors import ColdbenchError
from ..plugins.registry import unknown
from ..records.headline import HEADLINE
from ..records.home import results_home
from ..records.record import Cut, RunRecord, read_all
from ..records.thin_records import thinner
from ..reports.families import by_family
from ..reports.formats import IN_MD, as_csv, drawn, markdown, md_lines, show
from ..reports.leaderboard import boards
from ..reports.paired import paired, paired_grid
from ..reports.sentences import headline
from ..reports.standings import Board
from ..terminal.complaint import complain
from ..terminal.console import console, say
from ..terminal.foreign_text import for_markdown
from .arguments import Arguments

EVERY = "all"
"""As a task: each of them in detail."""


def main(argv: list[str]) -> int:
    """Print the leaderboard; a record that cannot be read is told and left out."""
    asked = _parser().parse_args(argv)
    home = results_home(asked.results)
    cut = thinner([asked.metric]) if asked.metric else thinner([HEADLINE], others=True)
    records = readable_records(home, cut)
    if not records:
        raise ColdbenchError(f"no record in {home}; make one with: coldbench run method=popularity")
    _check(asked, records, home)
    made = boards(records, metric=asked.metric, dataset=asked.dataset, scenario=asked.scenario)
    if asked.families:
        _families(made, asked)
        return 0
    if asked.paired:
        _paired(made, asked, home)
        return 0
    if asked.format == "csv":
        sys.stdout.write(as_csv(made, None if asked.task == EVERY else asked.task))
        return 0
    parts = [(board, task) for board in made for task in _tasks(board, asked.task)]
    if asked.format == "md":
        sys.stdout.write("\n".join(markdown(board, task) for board, task in parts))
    else:
        for board, task in parts:
            show(board, task, console())
    return 0


def _families(made: list[Board], asked: argparse.Namespace) -> None:
    """Print the best row of every family in each board and task."""
    grid = by_family(made, None if asked.task == EVERY else asked.task)
    if asked.format == "csv":
        raise ColdbenchError("--families has no --format csv; without it, csv has every figure")
    if asked.format == "md":
        sys.stdout.write("\n".join([*md_lines(grid), ""]))
    else:
        console().print(drawn(grid, star=True, elsewhere=IN_MD))


def _paired(made: list[Board], asked: argparse.Namespace, home: Path) -> None:
    """Print every row of a task beside the best one, user by user."""
    if asked.task in (None, EVERY) or asked.format == "csv":
        raise ColdbenchError("--paired takes one --task, and --format table or md")
    pages = []
    for board in (one for one in made if asked.task in one.tasks):
        best, rows, lacking = paired(board, asked.task, home)
        title, grid = headline(board, asked.task), paired_grid(best, rows)
        told = _reserves(board, asked.task, lacking)
        if asked.format == "md":
            lines = [f"### {for_markdown(title)}", "", *md_lines(grid), ""]
            pages.append("\n".join([*lines, *(f"- {for_markdown(one)}" for one in told), ""]))
        else:
            out = console()
            say(out, title)
            out.print(drawn(grid, elsewhere=IN_MD))
            for one in told:
                say(out, one)
    sys.stdout.write("\n".join(pages))


def _reserves(board: Board, task: str, lacking: list[str]) -> list[str]:
    """Return why nothing is sure in a task, and which rows cannot be compared."""
    against = board.uncrowned(task)
    told = [f"nothing is sure here: {'; '.join(against)}"] if against else []
    if lacking:
        told.append(f"no per-user table (run with force=true): {', '.join(lacking)}")
    return told


def _tasks(board: Board, asked: str | None) -> list[str | None]:
    """Return what to show of a board: None is the overview, a name that task in detail."""
    if asked == EVERY:
        return list(board.tasks)
    return [asked] if asked is None or asked in board.tasks else []


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="coldbench leaderboard",
        description="Rank the methods by their records: means over split seeds, 95 % intervals.",
    )
    parser.add_argument("--results", metavar="DIR", help="folder of the records (results)")
    parser.add_argument("--dataset", metavar="NAME", help="only this dataset")
    parser.add_argument("--scenario", metavar="NAME", help="only this scenario")
    parser.add_argument(
        "--task", metavar="NAME", help="one task in detail, new_item/cold/k=0; all: each of them"
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--families", action="store_true", help="the best row of every family, a line per task"
    )
    shown.add_argument(
        "--paired",
        action="store_true",
        help="with one --task: the others beside the best, on the same users, Holm-corrected",
    )
    parser.add_argument("--metric", metavar="NAME", help=f"({HEADLINE})")
    parser.add_argument("--format", choices=("table", "md", "csv"), default="table")
    return parser


def readable_records(home: Path, cut: Cut | None = None) -> list[RunRecord]:
    """Return the records of a folder; one that cannot be read is told and left out."""
    found = []
    for one in read_all(home, cut):
        if isinstance(one, ColdbenchError):
            complain(str(one))
        else:
            found.append(one)
    return found


def _check(asked: argparse.Namespace, records: list[RunRecord], home: Path) -> None:
    """Refuse names that no record holds."""
    held = {
        "dataset": {one.dataset for one in records},
        "scenario": {one.scenario for one in records},
        "task": {task for one in records for task in one.scores},
        "metric": {name for one in records for task in one.scores.values() for name in task},
    }
    if asked.metric not in {None, *held["metric"]}:  # the other names were not read
        held["metric"] = _metrics(home)
    for what, names in held.items():
        name = getattr(asked, what)
        if name not in (None, EVERY) and names and name not in names:
            raise ColdbenchError(unknown(what, name, names))


def _metrics(home: Path) -> set[str]:
    """Return the names of all figures that the records of a folder hold."""
    records = (one for one in read_all(home) if isinstance(one, RunRecord))
    return {name for one in records for task in one.scores.values() for name in task}
