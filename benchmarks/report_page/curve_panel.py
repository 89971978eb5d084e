"""What is drawn by default: k-shot curves, and the front of cost against the metric."""

from typing import Any

from ..reports.board import Board
from ..reports.families import REFERENCE
from ..reports.rows import Row
from .row_panel import sum_seconds
from .task_panel import TASK_NAME, is_below_chance


def group_by_shots(board: Board) -> dict[str, list[str]]:
    """Return the tasks that differ in their shots alone, fewest first, where there are several."""
    found: dict[str, list[tuple[int, str]]] = {}
    for task in board.tasks:
        parts = TASK_NAME.fullmatch(task)
        if parts:
            name = f"{parts['side']}/{parts['candidates']}"
            found.setdefault(name, []).append((int(parts["shots"]), task))
    return {n: [task for _, task in sorted(held)] for n, held in found.items() if len(held) > 1}


def choose_curves(board: Board, tasks: list[str]) -> list[Row]:
    """Return the best contender of each family, and the best baseline, with most shots."""
    found: dict[str, Row] = {}
    contenders = board.standing(tasks[-1]).contenders
    for _, row, _ in board.ranking(tasks[-1]):
        if row in contenders:
            found.setdefault(REFERENCE if row.reference else row.first.family, row)
    return list(found.values())


def find_front(board: Board, task: str) -> list[Row]:
    """Return the contenders that no cheaper one equals in the board's order, cheapest first.

    A row that is no better than chance is left out. Cost is the time of fitting and scoring.
    """
    contenders = board.standing(task).contenders
    rows = [
        (sum_seconds(row), rank, row)
        for rank, row, cell in board.ranking(task)
        if row in contenders and not is_below_chance(board, task, cell)
    ]
    priced = [(seconds, rank, row) for seconds, rank, row in rows if seconds is not None]
    front: list[Row] = []
    least = len(board.rows) + 1
    for _, rank, row in sorted(priced, key=lambda one: one[:2]):
        if rank < least:
            front.append(row)
            least = rank
    return front


def collect_curves(board: Board) -> dict[str, Any]:
    """Return the groups of tasks with their default rows, and the front of each task."""
    if board.has_no_ranking:
        return {"curves": [], "fronts": {}}
    place = {id(row): at for at, row in enumerate(board.rows)}
    curves = [
        {"name": name, "tasks": tasks, "rows": [place[id(r)] for r in choose_curves(board, tasks)]}
        for name, tasks in group_by_shots(board).items()
    ]
    fronts = {task: [place[id(r)] for r in find_front(board, task)] for task in board.tasks}
    return {"curves": curves, "fronts": fronts}
