"""Notes above and below the tables of a leaderboard."""

from .board import Board
from .table_grids import describe_order, format_interval
from .winner_rules import SINGLE_DRAW

ONE_SPLIT = "one split: that of the published files; the variation between splits is not known"
LEGEND = "† its 95 % interval lies above every baseline of that task in every seed"


def make_title(board: Board, task: str | None) -> str:
    """Return what a table shows: its leaderboard, the metric, and the task where it is one."""
    return f"{board.title}: {board.metric}" + (f" in {task}" if task else "")


def list_notes_above(board: Board, task: str | None) -> list[str]:
    """Return the lines above a table: what the audit of the split found, what orders the rows."""
    found = [f"the audit of the split found: {one}" for one in board.findings]
    return found + ([describe_order(board, board.tasks)] if task is None else [])


def list_notes_below(board: Board, task: str | None) -> list[str]:
    """Return the lines under a table: who wins each task, what the mark means, what is missing."""
    tasks = board.tasks if task is None else [task]
    lines = [_winner(board, name) for name in tasks]
    lines += [ONE_SPLIT] if board.one_split else []
    if any(board.beats_baselines(row, name) for row in board.rows for name in tasks):
        lines.append(LEGEND.replace("above", "below") if board.lower_is_better else LEGEND)
    if len({tuple(one.seed for one in row.records) for row in board.rows}) > 1:
        lines.append("the rows do not have the same seeds: compare with care")
    return lines + [trouble for row in board.rows for trouble in row.failure_reasons]


def _winner(board: Board, task: str) -> str:
    """Return who wins a task, or why nobody does."""
    against = board.find_reasons_against_winner(task)
    names = " and ".join(row.label for row in board.best(task))
    cell = board.ranking(task)[0][2]
    message = f"{names}, {cell.mean:.4f} ({format_interval(cell)})"
    if against == [SINGLE_DRAW]:
        return f"{task}: best mean on a single split: {message}; {SINGLE_DRAW}"
    if against:
        return f"{task}: no winner: {'; '.join(against)}"
    near = board.list_not_separated(task)
    apart = f"; not separated from it: {', '.join(near)}" if near else ""
    return f"{task}: winner {message}{apart}"
