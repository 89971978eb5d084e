"""Default and tuned settings of each method next to each other, in each leaderboard and task."""

from collections.abc import Sequence
from statistics import fmean

from ..terminal.fitted_table import TableColumn
from .board import Board
from .contenders import choose_setting, group_settings, is_default
from .differences import compare_rows
from .rows import Row
from .table_grids import CellText, TableGrid, format_difference


def compare_tuned(made: Sequence[Board], task: str | None) -> TableGrid:
    """Return one line for each tuned row of a leaderboard and task, the methods by name.

    Its cells are the mean of the method's default settings, that of the tuned ones and their
    difference, all on the draws that both have, which of the two validation chooses for the task,
    and how many settings were tried in how many minutes, for which group of tasks.

    Parameters
    ----------
    task
        Only this task; None takes all of each leaderboard.
    """
    columns = [
        TableColumn("board", wraps=True),
        TableColumn("task"),
        TableColumn("method", wraps=True),
        TableColumn("default"),
        TableColumn("tuned"),
        TableColumn("difference", leave=2),
        TableColumn("draws", leave=3),
        TableColumn("validation chose", leave=1),
        TableColumn("trials", leave=4),
        TableColumn("minutes", leave=5),
        TableColumn("tuned for", leave=6),
    ]
    rows = [
        _line(board, name, default, tuned)
        for board in made
        for name in board.tasks
        if task in (None, name)
        for default, tuned in _pairs(board)
        if name in default.cells and name in tuned.cells
    ]
    return TableGrid(columns, rows)


def _pairs(board: Board) -> list[tuple[Row, Row]]:
    """Return each tuned row of a board with that of its method's defaults, where it has both."""
    found = []
    for rows in group_settings(board.rows).values():
        own = [row for row in rows if row.first.tuning is None and is_default(row, rows)]
        found += [(own[0], row) for row in rows if own and row.first.tuning is not None]
    return sorted(found, key=lambda pair: pair[1].label)


def _line(board: Board, task: str, default: Row, tuned: Row) -> list[CellText]:
    cells = default.cells[task].by_split, tuned.cells[task].by_split
    shared = [split for split in cells[0] if split in cells[1]]
    means = [fmean(one[split].mean for split in shared) if shared else None for one in cells]
    between = compare_rows(tuned, default, task)
    chosen, by_validation = choose_setting([default, tuned], task)
    choice = "" if not by_validation else "tuned" if chosen is tuned else "default"
    search = tuned.first.tuning or {}
    texts = [
        board.title,
        task,
        default.first.method,
        *("" if mean is None else f"{mean:.4f}" for mean in means),
        "" if between is None else format_difference(between),
        str(len(shared)),
        choice,
        str(search.get("trials", "")),
        f"{search.get('minutes', 0):g}",
        str(search.get("group", "")),
    ]
    return [CellText(text) for text in texts]
