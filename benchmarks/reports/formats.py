"""A board for the terminal, for Markdown and as CSV."""

import csv
import io
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from ..terminal.console import say, table
from ..terminal.fitted_table import Column, FittedTable
from ..terminal.foreign_text import for_csv, for_markdown
from .grids import BY_LOT, REFERENCE, STYLES, Grid, Shown, detail, overview, row_marks
from .sentences import closing, headline, opening
from .standings import Board, Row

COSTS = ("fit_seconds", "score_seconds", "peak_bytes", "trainable_parameters", "parameters")
CSV_FIELDS = (
    "scenario", "dataset", "board", "task", "metric", "rank", "method", "label", "family", "marks",
    "mean", "low", "high", "seeds", "users", "beats_reference", *COSTS, "status", "reason",
    "uncrowned",
)  # fmt: skip
IN_CSV = "--format csv has them"
IN_MD = "--format md has them"
STAR = "* the winner of the task"
MARKS_TOLD = {
    REFERENCE: "ref: a row that the others must beat",
    BY_LOT: "chance: ranked by lot, the measured chance level",
}


def show(board: Board, task: str | None, out: Console) -> None:
    """Print one board: the overview of all tasks, or one task in detail.

    An overview that is wider than the terminal is printed in parts, one per scenario.
    """
    say(out, "\n".join([headline(board, task), *opening(board, task)]))
    if task is not None:
        out.print(drawn(detail(board, task)))
    elif (whole := drawn(overview(board, board.tasks), star=True)).natural_width() <= out.width:
        out.print(whole)
    else:
        for scenario in dict.fromkeys(name.split("/")[0] for name in board.tasks):
            tasks = [name for name in board.tasks if name.split("/")[0] == scenario]
            out.print(f"\n{scenario}")
            grid = overview(board, tasks, families=False)
            out.print(drawn(grid, strip=f"{scenario}/", star=True))
    for line in [*_legend(board, task), *closing(board, task)]:
        say(out, line)
    out.print()


def _legend(board: Board, task: str | None) -> list[str]:
    """Return one line about the marks that a table in the terminal holds."""
    marks = {mark for row in board.rows for mark in row_marks(row)}
    told = [sentence for mark, sentence in MARKS_TOLD.items() if mark in marks]
    if task is None and any(board.winners(name) for name in board.tasks):
        told.insert(0, STAR)
    return ["; ".join(told)] if told else []


def drawn(grid: Grid, strip: str = "", star: bool = False, elsewhere: str = IN_CSV) -> FittedTable:
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
        Column(_stacked(one.head.removeprefix(strip)), one.leave, one.wraps) for one in grid.columns
    ]
    marked = any(grid.marks)
    made = table(*([Column("")] if marked else []), *columns, elsewhere=elsewhere)
    for at, row in enumerate(grid.rows):
        marks = grid.marks[at] if grid.marks else ()
        style = STYLES[marks[0]] if marks else ""
        cells = [Text(" ".join(marks), style=style)] if marked else []
        made.add_row(*cells, *(_cell(one, style, star) for one in row))
    return made


def _cell(cell: Shown, style: str, star: bool) -> Text:
    best = "bold" if cell.best else style
    return Text(f"{cell.text}*" if star and cell.best else cell.text, style=best)


def _stacked(head: str) -> str:
    return head.replace("/", "\n")


def markdown(board: Board, task: str | None) -> str:
    """Return one board as a section of Markdown, winners in bold."""
    grid = detail(board, task) if task else overview(board, board.tasks)
    lines = [f"### {for_markdown(headline(board, task))}", ""]
    above = opening(board, task)
    lines += [*(f"- {for_markdown(line)}" for line in above), ""] if above else []
    lines += [*md_lines(grid), ""]
    return "\n".join([*lines, *(f"- {for_markdown(line)}" for line in closing(board, task)), ""])


def md_lines(grid: Grid) -> list[str]:
    """Return the lines of a table in Markdown, what is best in bold."""
    lines = [_md_line([for_markdown(one.head) for one in grid.columns])]
    lines.append(_md_line(["---"] * len(grid.columns)))
    return lines + [_md_line([_md_cell(cell) for cell in row]) for row in grid.rows]


def _md_cell(cell: Shown) -> str:
    text = for_markdown(cell.text)
    return f"**{text}**" if cell.best and text else text


def _md_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def as_csv(made: Sequence[Board], task: str | None) -> str:
    """Return every figure as CSV, one line per task and row; rows without figures come last."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_FIELDS, lineterminator="\n")
    writer.writeheader()

    def add(*parts: dict[str, object]) -> None:
        writer.writerow({name: for_csv(value) for one in parts for name, value in one.items()})

    for board in made:
        for name in board.tasks if task is None else [task]:
            for rank, row, cell in board.ranking(name):
                found: dict[str, object] = {"task": name}
                found |= {"rank": "" if board.unranked else rank}
                found |= {"mean": cell.mean, "low": cell.low, "high": cell.high}
                found |= {"seeds": cell.seeds, "users": cell.users}
                found |= {"beats_reference": board.beats_reference(row, name), "status": "ok"}
                found["uncrowned"] = "; ".join(board.uncrowned(name))
                add(_csv_row(board, row), found)
        for row in board.rows:
            if not row.cells:
                status = row.first.status.value
                add(_csv_row(board, row), {"status": status, "reason": row.first.error})
    return text.getvalue()


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
