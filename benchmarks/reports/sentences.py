"""What is said above and below the tables of a board."""

from .crowning import SINGLE_DRAW
from .grids import interval_told, order_told
from .standings import Board

ONE_SPLIT = "one split: that of the published files; how far another draw moves it is not known"
LEGEND = "† in every seed its 95 % interval lies above every reference row of that task"


def headline(board: Board, task: str | None) -> str:
    """Return what a table shows: its board, the metric, and the task where it is one."""
    return f"{board.title}: {board.metric}" + (f" in {task}" if task else "")


def opening(board: Board, task: str | None) -> list[str]:
    """Return the lines above a table: what the audit of the split found, what orders the rows."""
    found = [f"the audit of the split found: {one}" for one in board.findings]
    return found + ([order_told(board, board.tasks)] if task is None else [])


def closing(board: Board, task: str | None) -> list[str]:
    """Return the lines under a table: who wins each task, what the mark means, what is missing."""
    tasks = board.tasks if task is None else [task]
    lines = [_winner(board, name) for name in tasks]
    lines += [ONE_SPLIT] if board.one_split else []
    if any(board.beats_reference(row, name) for row in board.rows for name in tasks):
        lines.append(LEGEND.replace("above", "below") if board.lower_is_better else LEGEND)
    if len({tuple(one.seed for one in row.records) for row in board.rows}) > 1:
        lines.append("the rows do not have the same seeds: compare with care")
    return lines + [trouble for row in board.rows for trouble in row.troubles]


def _winner(board: Board, task: str) -> str:
    """Return who wins a task, or why nobody does."""
    against = board.uncrowned(task)
    names = " and ".join(row.label for row in board.best(task))
    cell = board.ranking(task)[0][2]
    told = f"{names}, {cell.mean:.4f} ({interval_told(cell)})"
    if against == [SINGLE_DRAW]:
        return f"{task}: best mean of a single draw: {told}; {SINGLE_DRAW}"
    if against:
        return f"{task}: nobody is crowned: {'; '.join(against)}"
    near = board.not_separated(task)
    apart = f"; not separated from it: {', '.join(near)}" if near else ""
    return f"{task}: winner {told}{apart}"
