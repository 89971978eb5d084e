"""A leaderboard for the terminal, for Markdown and as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from ..terminal.console import make_table, say
from ..terminal.fitted_table import FittedTable, TableColumn
from ..terminal.foreign_text import escape_csv, escape_markdown
from .board import Board
from .captions import list_notes_above, list_notes_below, make_title
from .rows import Row
from .table_grids import (
    BY_LOT,
    REFERENCE,
    STYLES,
    CellText,
    TableGrid,
    build_detail,
    build_overview,
    mark_row,
)

COSTS = ("fit_seconds", "score_seconds", "peak_bytes", "trainable_parameters", "parameters")
CSV_FIELDS = (
    "scenario", "dataset", "board", "task", "metric", "rank", "method", "label", "family", "marks",
    "mean", "low", "high", "draws", "users", "difference", "difference_low", "difference_high",
    "p_holm", "shared_draws", "winner", "beats_reference", "not_contending", "chance", *COSTS,
    "status", "reason", "uncrowned",
)  # fmt: skip
IN_CSV = "--format csv has them"
IN_MD = "--format md has them"
STAR = "* the winner of the task"
MARKS_TOLD = {
    REFERENCE: "ref: baseline",
    BY_LOT: "chance: ranked at random, the measured chance level",
}


def show_board(board: Board, task: str | None, out: Console) -> None:
    """Print one leaderboard: the overview of all tasks, or one task in detail.

    An overview that is wider than the terminal is printed in parts, one per scenario.
    """
    say(out, "\n".join([make_title(board, task), *list_notes_above(board, task)]))
    if task is not None:
        out.print(render_table(build_detail(board, task)))
    elif (
        whole := render_table(build_overview(board, board.tasks), star=True)
    ).natural_width() <= out.width:
        out.print(whole)
    else:
        for scenario in dict.fromkeys(name.split("/")[0] for name in board.tasks):
            tasks = [name for name in board.tasks if name.split("/")[0] == scenario]
            out.print(f"\n{scenario}")
            grid = build_overview(board, tasks, families=False)
            out.print(render_table(grid, strip=f"{scenario}/", star=True))
    for line in [*_legend(board, task), *list_notes_below(board, task)]:
        say(out, line)
    out.print()


def show_grid(title: str, grid: TableGrid, notes: Sequence[str], out: Console) -> None:
    """Print a table under its title, and below it what is to be known of it."""
    say(out, title)
    out.print(render_table(grid, elsewhere=IN_MD))
    for one in notes:
        say(out, one)


def _legend(board: Board, task: str | None) -> list[str]:
    """Return one line about the marks that a table in the terminal holds."""
    marks = {mark for row in board.rows for mark in mark_row(row)}
    sentences = [sentence for mark, sentence in MARKS_TOLD.items() if mark in marks]
    if task is None and any(board.winners(name) for name in board.tasks):
        sentences.insert(0, STAR)
    return ["; ".join(sentences)] if sentences else []


def render_table(
    grid: TableGrid, strip: str = "", star: bool = False, elsewhere: str = IN_CSV
) -> FittedTable:
    """Return a grid as a table; the parts of a task's name stand below each other.

    Parameters
    ----------
    strip
        What is left out at the beginning of a title.
    star
        Put ``*`` behind what is best, for an eye or a page without bold.
    elsewhere
        Where the columns are for which there is no room.
    """
    columns = [
        TableColumn(_stacked(one.head.removeprefix(strip)), one.leave, one.wraps)
        for one in grid.columns
    ]
    marked = any(grid.marks)
    made = make_table(*([TableColumn("")] if marked else []), *columns, elsewhere=elsewhere)
    for at, row in enumerate(grid.rows):
        marks = grid.marks[at] if grid.marks else ()
        style = STYLES[marks[0]] if marks else ""
        cells = [Text(" ".join(marks), style=style)] if marked else []
        made.add_row(*cells, *(_cell(one, style, star) for one in row))
    return made


def _cell(cell: CellText, style: str, star: bool) -> Text:
    best = "bold" if cell.best else style
    return Text(f"{cell.text}*" if star and cell.best else cell.text, style=best)


def _stacked(head: str) -> str:
    return head.replace("/", "\n")


def render_markdown(board: Board, task: str | None) -> str:
    """Return one leaderboard as a section of Markdown, winners in bold."""
    grid = (
        build_detail(board, task) if task else build_overview(board, board.tasks, differences=True)
    )
    lines = [f"### {escape_markdown(make_title(board, task))}", ""]
    above = list_notes_above(board, task)
    lines += [*(f"- {escape_markdown(line)}" for line in above), ""] if above else []
    lines += [*render_markdown_lines(grid), ""]
    return "\n".join(
        [*lines, *(f"- {escape_markdown(line)}" for line in list_notes_below(board, task)), ""]
    )


def render_markdown_lines(grid: TableGrid) -> list[str]:
    """Return the lines of a table in Markdown, what is best in bold."""
    lines = [_md_line([escape_markdown(one.head) for one in grid.columns])]
    lines.append(_md_line(["---"] * len(grid.columns)))
    return lines + [_md_line([_md_cell(cell) for cell in row]) for row in grid.rows]


def _md_cell(cell: CellText) -> str:
    text = escape_markdown(cell.text)
    return f"**{text}**" if cell.best and text else text


def _md_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def render_csv(made: Sequence[Board], task: str | None) -> str:
    """Return every value as CSV, one line per task and row; rows without values come last."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_FIELDS, lineterminator="\n")
    writer.writeheader()
    for line in csv_lines(made, task):
        writer.writerow({name: escape_csv(value) for name, value in line.items()})
    return text.getvalue()


def csv_lines(made: Sequence[Board], task: str | None) -> Iterator[dict[str, object]]:
    """Yield what ``render_csv`` writes, a dict by ``CSV_FIELDS`` for each line."""
    for board in made:
        for name in board.tasks if task is None else [task]:
            for rank, row, cell in board.ranking(name):
                difference = board.difference(row, name)
                yield _csv_row(board, row) | {
                    "task": name,
                    "rank": "" if board.has_no_ranking else rank,
                    "mean": cell.mean,
                    "low": cell.low,
                    "high": cell.high,
                    "draws": cell.draws,
                    "users": cell.users,
                    **(difference.list_values() if difference else {}),
                    "winner": row in board.winners(name),
                    "not_contending": board.standing(name).reasons_not_to_contend.get(id(row), ""),
                    "chance": board.chance(name),
                    "beats_reference": board.beats_baselines(row, name),
                    "status": "ok",
                    "uncrowned": "; ".join(board.find_reasons_against_winner(name)),
                }
        for row in board.rows:
            if not row.cells:
                status = row.first.status.value
                yield _csv_row(board, row) | {"status": status, "reason": row.first.error}


def _csv_row(board: Board, row: Row) -> dict[str, object]:
    """Return what does not depend on the task."""
    named: dict[str, object] = {
        "scenario": board.scenario,
        "dataset": board.dataset,
        "board": board.title,
        "metric": board.metric,
        "method": row.first.method,
        "label": row.label,
        "family": row.first.family,
        "marks": row.marks,
    }
    return named | {name: row.cost(name) for name in COSTS}
