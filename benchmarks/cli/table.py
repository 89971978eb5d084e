"""``coldbench table``: a paper's table with our results next to it."""

import argparse
import sys
from collections.abc import Sequence

from ...datasets.errors import ColdbenchError
from ..records.home import results_home
from ..records.partial_records import make_cut
from ..records.record import RunRecord
from ..reports.papers.paper_table import PaperTable, format_value
from ..reports.papers.rows import PaperLine, build_lines, list_missing_runs
from ..reports.papers.table_sources import ENDING, find_table, list_tables
from ..reports.papers.verdict_grid import CAPTION, build_verdict_grid
from ..reports.papers.verdicts import compare_rows, list_reasons
from ..reports.render import IN_MD, render_markdown_lines, render_table
from ..terminal.console import make_console, say
from ..terminal.console import make_table as empty_table
from ..terminal.fitted_table import TableColumn
from ..terminal.foreign_text import escape_markdown
from .arguments import Arguments
from .chosen_boards import read_records

EVERY = "all"


def main(argv: list[str]) -> int:
    """Print one table or all of them; with ``--run`` make the runs of ours first."""
    options = _parser().parse_args(argv)
    chosen = list_tables() if options.name == EVERY else [options.name]
    tables = [find_table(name) for name in chosen]
    status = 0
    if options.run:
        status = max(_run(table, options) for table in tables)
    metrics = sorted({column.metric for table in tables for column in table.columns})
    records = read_records(results_home(options.results), make_cut(metrics))
    for table in tables:
        if options.format == "md":
            sys.stdout.write(_markdown(table, records))
        else:
            _show(table, records)
    return status


def _run(table: PaperTable, options: argparse.Namespace) -> int:
    """Make our runs of a table, those that are finished left out."""
    from . import run

    if table.files and options.files is None:
        raise ColdbenchError(
            f"table {table.name} needs --files FOLDER with --run: {table.files}; "
            f"and the dataset: coldbench data fetch {table.dataset}"
        )
    home = [f"results={options.results}"] if options.results else []
    tracks = [track for track, methods in table.runs.items() if methods]
    if not tracks:
        raise ColdbenchError(f"table {table.name} names no method of ours to run")
    words = [table.words(options.files or "", track) for track in tracks]
    return max(run.main(["-m", *one, *home]) for one in words)


def _show(table: PaperTable, records: Sequence[RunRecord]) -> None:
    out = make_console()
    say(out, f"{table.name}: {table.title}\n{table.source}")
    drawn = empty_table(
        TableColumn("", wraps=True),
        TableColumn("method", wraps=True),
        *(column.head for column in table.columns),
        TableColumn("notes", leave=1, wraps=True),
        elsewhere=IN_MD,
    )
    before = ""
    for line in build_lines(table, records):
        drawn.add_row("" if line.part == before else line.part, *_cells(line))
        before = line.part
    out.print(drawn)
    compared = compare_rows(table, records)
    if compared:
        say(out, CAPTION)
        out.print(render_table(build_verdict_grid(table, compared), elsewhere=IN_MD))
    for sentence in list_reasons(compared):
        say(out, f"- {sentence}")
    for sentence in _closing(table, records):
        say(out, f"- {sentence}")
    out.print()


def _markdown(table: PaperTable, records: Sequence[RunRecord]) -> str:
    head = ["", "method", *(column.head for column in table.columns), "notes"]
    rows = [
        [line.part, *map(escape_markdown, _cells(line))] for line in build_lines(table, records)
    ]
    grid = [head, ["---"] * len(head), *rows]
    drawn = ["| " + " | ".join(cells) + " |" for cells in grid]
    compared = compare_rows(table, records)
    closing = [f"- {escape_markdown(one)}" for one in list_reasons(compared)]
    closing += [f"- Differs: {one}" for one in table.differs]
    closing += [f"- {escape_markdown(one)}" for one in list_missing_runs(table, records)]
    top = [f"### {table.title}", "", f"`coldbench table {table.name}`. {table.source}.", ""]
    verdicts = render_markdown_lines(build_verdict_grid(table, compared)) if compared else []
    middle = ["", f"{CAPTION[0].upper()}{CAPTION[1:]}.", "", *verdicts] if compared else []
    return "\n".join([*top, *drawn, *middle, "", *closing, "", ""])


def _cells(line: PaperLine) -> list[str]:
    return [line.label, *(format_value(value) for value in line.values), line.notes]


def _closing(table: PaperTable, records: Sequence[RunRecord]) -> list[str]:
    """Return what differs and which of our runs are not there."""
    return [*(f"Differs: {one}" for one in table.differs), *list_missing_runs(table, records)]


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="coldbench table",
        description="Print a paper's table, and our values under its protocol and under our own.",
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        help=f"{', '.join(list_tables())}; {EVERY}: each of them; mine{ENDING}: a file of yours",
    )
    parser.add_argument("--results", metavar="DIR", help="folder of the records (results)")
    parser.add_argument("--format", choices=("table", "md"), default="table")
    parser.add_argument("--run", action="store_true", help="make our runs that are missing first")
    parser.add_argument("--files", metavar="FOLDER", help="with --run: the paper's split files")
    return parser
