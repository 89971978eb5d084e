"""``coldbench report``: the leaderboards as one page to look at, or as tables and plots."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from ...datasets.atomic import replace_atomically
from ..records.headline import HEADLINE
from ..records.home import results_home
from ..reports.board import Board
from ..reports.controls import leave_out_controls
from ..reports.latex import HEAD, render_latex
from ..reports.render import render_csv
from ..terminal.console import make_console
from .arguments import Arguments
from .chosen_boards import build_chosen, read_for_boards, refuse_unknown_values

PLACES = {
    "html": "report.html",
    "csv": "report.csv",
    "latex": "report.tex",
    "png": "report_plots",
    "pdf": "report.pdf",
}
"""Formats, and where each is written when nothing is said."""
SUFFIXES = {"csv": ".csv", "latex": ".tex"}


def main(argv: list[str]) -> int:
    """Write the report; a record that cannot be read is reported and left out."""
    options = _parser().parse_args(argv)
    home = results_home(options.results)
    datasets = options.dataset.split(",") if options.dataset else []
    records = read_for_boards(home, options.metric, options.scenario, datasets)
    refuse_unknown_values(None, options.metric, records, home)
    boards = build_chosen(records, home, options.metric)
    if not datasets:
        boards = leave_out_controls(boards)
    out = Path(options.out or PLACES[options.format])
    written = _write(boards, out, options.format, home, options.curves)
    size = sum(path.stat().st_size for path in written)
    count = "" if len(written) == 1 else f"{len(written)} files, "
    runs = sum(len(row.records) for board in boards for row in board.rows)
    make_console().print(
        f"{out}: {count}{_format_size(size)}, {runs:,} runs on {len(boards)} boards",
        soft_wrap=True,
    )
    return 0


def _format_size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def _write(
    boards: Sequence[Board], out: Path, kind: str, home: Path, curves: int | None
) -> list[Path]:
    """Write one format and return the files."""
    if kind == "html":
        from ..report_page.assemble import collect_report
        from ..report_page.page import render_page

        return [_write_text(out, render_page(collect_report(boards, home, curves)))]
    if kind in SUFFIXES:
        return _write_tables(boards, out, kind)
    from ..report_page.plots import write_plots

    return write_plots(boards, out, kind)


def _write_tables(boards: Sequence[Board], out: Path, kind: str) -> list[Path]:
    """Write one file where ``out`` ends as such a file does, else one per board into a folder."""
    if out.suffix == SUFFIXES[kind]:
        return [_write_text(out, _render(boards, kind))]
    named = [re.sub(r"[^A-Za-z0-9.=-]+", "_", board.title).strip("_") for board in boards]
    return [
        _write_text(out / f"{name}{SUFFIXES[kind]}", _render([board], kind))
        for name, board in zip(named, boards, strict=True)
    ]


def _render(boards: Sequence[Board], kind: str) -> str:
    if kind == "csv":
        return render_csv(boards, None)
    return "\n".join([HEAD, *(render_latex(board, None) for board in boards)])


def _write_text(path: Path, text: str) -> Path:
    with replace_atomically(path) as file:
        file.write(text.encode())
    return path


def _count(text: str) -> int:
    """Return a number of runs, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of runs, 1 or more")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="coldbench report",
        description="Write the leaderboards as one self-contained HTML page, which loads nothing, "
        "or their tables and plots as files.",
    )
    parser.add_argument("--results", metavar="DIR", help="folder of the records (results)")
    parser.add_argument(
        "--dataset", metavar="NAME", help="only this dataset; several: movietweetings,ml-100k"
    )
    parser.add_argument("--scenario", metavar="NAME", help="only this scenario")
    parser.add_argument("--metric", metavar="NAME", help=f"({HEADLINE})")
    parser.add_argument(
        "--format",
        choices=tuple(PLACES),
        default="html",
        help="html: the page; csv, latex: its tables; png, pdf: its plots, by matplotlib (html)",
    )
    parser.add_argument(
        "--curves",
        metavar="N",
        type=_count,
        help="html: learning curves of the first N runs of a row, for a lighter page (all)",
    )
    parser.add_argument(
        "--out",
        metavar="PATH",
        help="a file, or for all but html a folder with a file for each board or plot "
        "(report.html, report.csv, report.tex, report_plots, report.pdf)",
    )
    return parser
