"""The best row of every family, for each dataset and task: who wins, and how sure it is."""

from collections.abc import Sequence

from ...methods.base import Family
from ..terminal.fitted_table import Column
from .grids import Grid, Shown
from .standings import Board, Cell, Row

REFERENCE = "reference"
FAMILIES = tuple(family.value for family in Family if family is not Family.REFERENCE)


def by_family(made: Sequence[Board], task: str | None) -> Grid:
    """Return one line for each board and task.

    Its cells are the best reference row, the best other row of each family, and how many rows are
    not separated from the winner. ``†`` and the separation are those of the leaderboard.

    Parameters
    ----------
    task
        Only this task; None takes all of each board.
    """
    titles = [REFERENCE, *(name.replace("_", " ") for name in FAMILIES)]
    columns = [
        Column("board", wraps=True),
        Column("task"),
        *(Column(title, wraps=True) for title in titles),
        Column("not separated from the winner", leave=1, wraps=True),
    ]
    rows = [
        _line(board, name)
        for board in made
        for name in board.tasks
        if task in (None, name) and board.ranking(name)
    ]
    return Grid(columns, rows)


def _line(board: Board, task: str) -> list[Shown]:
    best: dict[str, tuple[Row, Cell]] = {}
    for _, row, cell in board.ranking(task):
        kind = REFERENCE if row.reference else row.first.family
        best.setdefault(kind, (row, cell))
    cells = [_shown(board, task, best.get(kind)) for kind in (REFERENCE, *FAMILIES)]
    near, against = board.not_separated(task), board.uncrowned(task)
    sure = "none" if not near else near[0] if len(near) == 1 else f"{len(near)} rows"
    sure = f"no winner: {'; '.join(against)}" if against else sure
    return [Shown(board.title), Shown(task), *cells, Shown(sure)]


def _shown(board: Board, task: str, found: tuple[Row, Cell] | None) -> Shown:
    if found is None:
        return Shown("-")
    row, cell = found
    mark = "†" if board.beats_reference(row, task) else ""
    return Shown(f"{row.label} {cell.mean:.4f}{mark}", best=row in board.winners(task))
