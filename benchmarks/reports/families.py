"""The best row of every family for each dataset and task, and who is not separated from it."""

from collections.abc import Sequence

from ...methods.base import Family
from ..terminal.fitted_table import TableColumn
from .board import Board
from .rows import Cell, Row
from .table_grids import CellText, TableGrid, format_value, shorten

REFERENCE = "reference"
FAMILIES = tuple(family.value for family in Family if family is not Family.REFERENCE)


def group_by_family(made: Sequence[Board], task: str | None) -> TableGrid:
    """Return one line for each leaderboard and task.

    Its cells are the best baseline, the best other row of each family, and how many rows are not
    separated from the best one; only rows that can win count. ``†`` and the separation are those
    of the leaderboard. A mean over other draws than the best row's has the paired difference to it.

    Parameters
    ----------
    task
        Only this task; None takes all of each leaderboard.
    """
    titles = ["baseline", *(name.replace("_", " ") for name in FAMILIES)]
    columns = [
        TableColumn("board", wraps=True),
        TableColumn("task"),
        *(TableColumn(title, wraps=True) for title in titles),
        TableColumn("not separated from the best", leave=1, wraps=True),
    ]
    rows = [
        _line(board, name)
        for board in made
        for name in board.tasks
        if task in (None, name) and board.ranking(name)
    ]
    return TableGrid(columns, rows)


def _line(board: Board, task: str) -> list[CellText]:
    best: dict[str, tuple[Row, Cell]] = {}
    contenders = board.standing(task).contenders
    for _, row, cell in board.ranking(task):
        if row not in contenders:
            continue
        kind = REFERENCE if row.reference else row.first.family
        best.setdefault(kind, (row, cell))
    cells = [_shown(board, task, best.get(kind)) for kind in (REFERENCE, *FAMILIES)]
    near, against = board.list_not_separated(task), board.find_reasons_against_winner(task)
    separation = "none" if not near else near[0].name if len(near) == 1 else f"{len(near)} rows"
    separation = f"no winner: {'; '.join(against)}" if against else separation
    return [CellText(board.title), CellText(task), *cells, CellText(separation)]


def _shown(board: Board, task: str, found: tuple[Row, Cell] | None) -> CellText:
    if found is None:
        return CellText("-")
    row, cell = found
    text = f"{row.name} {format_value(board, row, task)}"
    return CellText(f"{text}{_apart(board, row, cell, task)}", row in board.winners(task))


def _apart(board: Board, row: Row, cell: Cell, task: str) -> str:
    """Return the paired difference to the best row where that has other draws: (-.013, 3 draws)."""
    best, found = board.standing(task).best, board.difference(row, task)
    if best is None or found is None or set(cell.by_split) == set(best.cells[task].by_split):
        return ""
    return f" ({shorten(f'{found.mean:+.3f}')}, {found.draws} draws)"
