"""``coldbench table``: a paper's table with our figures beside it."""

import argparse
import sys
from collections.abc import Sequence

from ...datasets.errors import ColdbenchError
from ..records.home import results_home
from ..records.record import RunRecord
from ..records.thin_records import thinner
from ..reports.formats import IN_MD
from ..reports.papers.beside import Line, lines, missing
from ..reports.papers.paper_table import PaperTable, figure, find_table, names
from ..terminal.console import console, say
from ..terminal.console import table as empty_table
from ..terminal.fitted_table import Column
from ..terminal.foreign_text import for_markdown
from .arguments import Arguments
from .leaderboard import readable_records

EVERY = "all"


def main(argv: list[str]) -> int:
    """Print one table or all of them; with ``--run`` make the runs of ours first."""
    asked = _parser().parse_args(argv)
    chosen = names() if asked.name == EVERY else [asked.name]
    tables = [find_table(name) for name in chosen]
    status = 0
    if asked.run:
        status = max(_run(table, asked) for table in tables)
    metrics = sorted({column.metric for table in tables for column in table.columns})
    records = readable_records(results_home(asked.results), thinner(metrics))
    for table in tables:
        if asked.format == "md":
            sys.stdout.write(_markdown(table, records))
        else:
            _show(table, records)
    return status


def _run(table: PaperTable, asked: argparse.Namespace) -> int:
    """Make our runs of a table, those that are finished left out."""
    from . import run

    if asked.files is None:
        raise ColdbenchError(
            f"table {table.name} needs --files FOLDER with --run: {table.files}; "
            f"and the dataset: coldbench data fetch {table.dataset}"
        )
    home = [f"results={asked.results}"] if asked.results else []
    return max(run.main(["-m", *table.words(asked.files, track), *home]) for track in table.runs)


def _show(table: PaperTable, records: Sequence[RunRecord]) -> None:
    out = console()
    say(out, f"{table.name}: {table.title}\n{table.source}")
    drawn = empty_table(
        Column("", wraps=True),
        Column("method", wraps=True),
        *(column.head for column in table.columns),
        Column("notes", leave=1, wraps=True),
        elsewhere=IN_MD,
    )
    before = ""
    for line in lines(table, records):
        drawn.add_row("" if line.part == before else line.part, *_cells(line))
        before = line.part
    out.print(drawn)
    for sentence in _closing(table, records):
        say(out, f"- {sentence}")
    out.print()


def _markdown(table: PaperTable, records: Sequence[RunRecord]) -> str:
    head = ["", "method", *(column.head for column in table.columns), "notes"]
    rows = [[line.part, *map(for_markdown, _cells(line))] for line in lines(table, records)]
    grid = [head, ["---"] * len(head), *rows]
    drawn = ["| " + " | ".join(cells) + " |" for cells in grid]
    closing = [f"- Differs: {one}" for one in table.differs]
    closing += [f"- {for_markdown(one)}" for one in missing(table, records)]
    top = [f"### {table.title}", "", f"`coldbench table {table.name}`. {table.source}.", ""]
    return "\n".join([*top, *drawn, "", *closing, "", ""])


def _cells(line: Line) -> list[str]:
    return [line.label, *(figure(value) for value in line.values), line.notes]


def _closing(table: PaperTable, records: Sequence[RunRecord]) -> list[str]:
    """Return what differs and which of our runs are not there."""
    return [*(f"Differs: {one}" for one in table.differs), *missing(table, records)]


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="coldbench table",
        description="Print a paper's table, and our figures under its protocol and under our own.",
    )
    parser.add_argument("name", metavar="NAME", help=f"{', '.join(names())}; {EVERY}: each of them")
    parser.add_argument("--results", metavar="DIR", help="folder of the records (results)")
    parser.add_argument("--format", choices=("table", "md"), default="table")
    parser.add_argument("--run", action="store_true", help="make our runs that are missing first")
    parser.add_argument("--files", metavar="FOLDER", help="with --run: the paper's split files")
    return parser
