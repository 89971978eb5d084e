"""``coldbench leaderboard``: the ranking of methods from the records in results/ alone."""

import argparse
import sys
from pathlib import Path

from ...datasets.errors import ColdbenchError
from ..records.headline import HEADLINE
from ..records.home import results_home
from ..reports.across import REGION, build_across_grid, describe_ranks, rank_across
from ..reports.board import Board
from ..reports.captions import make_title
from ..reports.controls import leave_out_controls
from ..reports.families import group_by_family
from ..reports.paired import build_paired_grid, compare_with_best
from ..reports.rank_diagram import draw_rank_diagram
from ..reports.render import (
    IN_MD,
    render_csv,
    render_markdown,
    render_markdown_lines,
    render_table,
    show_board,
    show_grid,
)
from ..reports.table_grids import TableGrid
from ..reports.tuned import compare_tuned
from ..terminal.console import make_console
from ..terminal.foreign_text import escape_markdown
from .arguments import Arguments
from .chosen_boards import build_chosen, read_for_boards, refuse_unknown_values
from .shown_ladder import show_ladders

EVERY = "all"
"""As a task: each of them in detail."""


def main(argv: list[str]) -> int:
    """Print the leaderboard; a record that cannot be read is reported and left out."""
    options = _parser().parse_args(argv)
    home = results_home(options.results)
    _check(options)
    records = read_for_boards(
        home, options.metric, options.scenario, _datasets(options), controls=options.ladder
    )
    refuse_unknown_values(_named(options.task), options.metric, records, home)
    if options.no_cost:
        records = [
            one.model_copy(update={"cost": one.cost.hide_measured()}) if one.cost else one
            for one in records
        ]
    everything = build_chosen(records, home, options.metric)
    datasets = _datasets(options)
    made = [one for one in everything if not datasets or one.dataset in datasets]
    task = _named(options.task)
    if (options.families or options.across) and not options.dataset:
        made = leave_out_controls(made)
    if options.families:
        _print_grid(group_by_family(made, task), "--families", options.format)
        return 0
    if options.tuned:
        grid = compare_tuned(made, task)
        if not grid.rows:
            raise ColdbenchError(
                "--tuned needs a method with both its defaults and tuned=... on one leaderboard"
            )
        _print_grid(grid, "--tuned", options.format)
        return 0
    if options.across:
        _across(made, options)
        return 0
    if options.ladder:
        show_ladders(made, everything, options)
        return 0
    if options.paired:
        _paired(made, options, home)
        return 0
    if options.format == "csv":
        sys.stdout.write(render_csv(made, task))
        return 0
    parts = [(board, one) for board in made for one in _tasks(board, options.task)]
    if options.format == "md":
        sys.stdout.write("\n".join(render_markdown(board, one) for board, one in parts))
    else:
        for board, one in parts:
            show_board(board, one, make_console())
    return 0


def _print_grid(grid: TableGrid, word: str, form: str) -> None:
    """Print lines of all leaderboards in one table."""
    if form == "csv":
        raise ColdbenchError(f"{word} has no --format csv; without it, csv has every value")
    if form == "md":
        sys.stdout.write("\n".join([*render_markdown_lines(grid), ""]))
    else:
        make_console().print(render_table(grid, star=True, elsewhere=IN_MD))


def _across(made: list[Board], options: argparse.Namespace) -> None:
    """Print the average ranks over the datasets, a table per task."""
    if options.format == "csv":
        raise ColdbenchError("--across has --format table or md; csv has every value without it")
    tasks = dict.fromkeys(task for board in made for task in board.tasks)
    wanted = [task for task in tasks if options.task in (None, EVERY, task)]
    ranked = [found for found in (rank_across(made, task) for task in wanted) if found]
    if not ranked:
        raise ColdbenchError(
            "--across needs a task with three rows that stand on the leaderboards of three datasets"
        )
    if options.diagram is not None:
        draw_rank_diagram(ranked[0], options.diagram)
    for found in ranked:
        grid = build_across_grid(made, found, options.region)
        title = describe_ranks(found, options.region)
        if options.format == "md":
            lines = [f"### {escape_markdown(title)}", "", *render_markdown_lines(grid), "", ""]
            sys.stdout.write("\n".join(lines))
        else:
            show_grid(title, grid, [], make_console())


def _paired(made: list[Board], options: argparse.Namespace, home: Path) -> None:
    """Compare every row of a task with the best one, user by user."""
    if options.task in (None, EVERY) or options.format == "csv":
        raise ColdbenchError("--paired takes one --task, and --format table or md")
    pages = []
    for board in (one for one in made if options.task in one.tasks):
        best, rows, lacking = compare_with_best(board, options.task, home)
        title, grid = make_title(board, options.task), build_paired_grid(best, rows)
        message = _list_reservations(board, options.task, lacking)
        if options.format == "md":
            lines = [f"### {escape_markdown(title)}", "", *render_markdown_lines(grid), ""]
            pages.append("\n".join([*lines, *(f"- {escape_markdown(one)}" for one in message), ""]))
        else:
            show_grid(title, grid, message, make_console())
    sys.stdout.write("\n".join(pages))


def _list_reservations(board: Board, task: str, lacking: list[str]) -> list[str]:
    """Return why nothing is significant in a task, and which rows cannot be compared."""
    against = board.find_reasons_against_winner(task)
    lines = [f"nothing is significant here: {'; '.join(against)}"] if against else []
    if lacking:
        lines.append(f"no per-user table (run with force=true): {', '.join(lacking)}")
    return lines


def _tasks(board: Board, options: str | None) -> list[str | None]:
    """Return what to show of a leaderboard: None is the overview, a name that task in detail."""
    if options == EVERY:
        return list(board.tasks)
    return [options] if options is None or options in board.tasks else []


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="coldbench leaderboard",
        description="Rank the methods by their records: means over split seeds, 95 % intervals.",
    )
    parser.add_argument("--results", metavar="DIR", help="folder of the records (results)")
    parser.add_argument(
        "--dataset", metavar="NAME", help="only this dataset; several: movietweetings,ml-100k"
    )
    parser.add_argument("--scenario", metavar="NAME", help="only this scenario")
    parser.add_argument(
        "--task", metavar="NAME", help="one task in detail, new_item/cold/k=0; all: each of them"
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--families", action="store_true", help="the best row of every family, a line per task"
    )
    shown.add_argument(
        "--tuned", action="store_true", help="default and tuned settings of each method, per task"
    )
    shown.add_argument(
        "--across",
        action="store_true",
        help="average ranks over the datasets, with Nemenyi's critical difference",
    )
    shown.add_argument(
        "--ladder",
        action="store_true",
        help="what each way of fine-tuning adds to the frozen towers, with controls and cost",
    )
    shown.add_argument(
        "--paired",
        action="store_true",
        help="with one --task: the others against the best, on the same users, Holm-corrected",
    )
    parser.add_argument(
        "--with",
        action="append",
        default=[],
        dest="changed",
        metavar="NAME=VALUE",
        help="with --ladder: the rungs as they were run with this setting, max_steps=4000; "
        "may be repeated",
    )
    parser.add_argument(
        "--region",
        type=float,
        default=REGION,
        metavar="R",
        help=f"with --across: differences up to R are practically equal ({REGION})",
    )
    parser.add_argument(
        "--diagram",
        type=Path,
        metavar="FILE",
        help="with one --task and --across its critical-difference diagram, or --ladder its plot: "
        ".svg, .png or .pdf",
    )
    parser.add_argument(
        "--no-cost",
        action="store_true",
        help="without seconds and memory: the same from everybody who made the same runs",
    )
    parser.add_argument("--metric", metavar="NAME", help=f"({HEADLINE})")
    parser.add_argument("--format", choices=("table", "md", "csv"), default="table")
    return parser


def _datasets(options: argparse.Namespace) -> list[str]:
    """Return the datasets that are asked for; none says all."""
    return [] if options.dataset is None else options.dataset.split(",")


def _named(task: str | None) -> str | None:
    """Return the one task that is asked for; None says none or each."""
    return None if task == EVERY else task


def _check(options: argparse.Namespace) -> None:
    """Refuse options that do not go together, before any record is read."""
    drawn = (options.across or options.ladder) and options.task not in (None, EVERY)
    if options.diagram and not drawn:
        raise ColdbenchError("--diagram takes --across or --ladder, and one --task")
    if options.changed and not options.ladder:
        raise ColdbenchError("--with takes --ladder")
    if not options.region > 0:
        raise ColdbenchError(f"--region {options.region} must be a positive number, as {REGION}")
