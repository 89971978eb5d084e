"""The tasks of a board: every row's value there, and the board's verdict on it."""

import re
from typing import Any

from ..reports.board import Board
from ..reports.captions import list_notes_below
from ..reports.contenders import UNINFORMED
from ..reports.rows import Cell, Row
from ..reports.table_grids import format_value
from .plain_numbers import shorten_number

TASK_NAME = re.compile(r"(?P<side>[^/]+)/(?P<candidates>[^/]+)/k=(?P<shots>\d+)")


def collect_task(board: Board, task: str) -> dict[str, Any]:
    """Return one task: what it holds, who wins it or why nobody does, and its columns.

    A column has a value for each row in the order of the board, None without one. Rows are named
    by their place in that order.
    """
    place = {id(row): at for at, row in enumerate(board.rows)}
    best, baseline = board.standing(task).best, board.standing(task).best_baseline
    parts = TASK_NAME.fullmatch(task)
    return {
        "name": task,
        "side": parts["side"] if parts else task,
        "candidates": parts["candidates"] if parts else "",
        "shots": int(parts["shots"]) if parts else None,
        "items": board.candidates(task),
        "chance": shorten_number(board.chance(task)),
        "draws": board.draws(task),
        "best": None if best is None else place[id(best)],
        "winners": [place[id(row)] for row in board.winners(task)],
        "near": [place[id(row)] for row in board.list_not_separated(task)],
        "baseline": None if baseline is None else place[id(baseline)],
        "against": board.find_reasons_against_winner(task),
        "notes": list_notes_below(board, task),
        "columns": _collect_columns(board, task),
        **_collect_draws(board, task),
    }


def _collect_columns(board: Board, task: str) -> dict[str, list[Any]]:
    ranked = {id(row): rank for rank, row, _ in board.ranking(task)}
    lines = [
        _describe_cell(board, task, row, ranked[id(row)]) if task in row.cells else {}
        for row in board.rows
    ]
    names = dict.fromkeys(name for line in lines for name in line)
    return {name: [line.get(name) for line in lines] for name in names}


def _describe_cell(board: Board, task: str, row: Row, rank: int) -> dict[str, Any]:
    cell, found = row.cells[task], board.difference(row, task)
    return {
        "text": format_value(board, row, task),
        "rank": None if board.has_no_ranking else rank,
        "mean": shorten_number(cell.mean, 6),
        "low": shorten_number(cell.low),
        "high": shorten_number(cell.high),
        "draws": cell.draws,
        "users": cell.users,
        "state": _find_state(board, task, row),
        "not_contending": board.standing(task).reasons_not_to_contend.get(id(row)),
        "below_chance": is_below_chance(board, task, cell),
        "difference": None if found is None else shorten_number(found.mean),
        "half": None if found is None else shorten_number(found.half),
        "p_holm": None if found is None else shorten_number(found.p_holm),
        "shared": None if found is None else found.draws,
    }


def _find_state(board: Board, task: str, row: Row) -> str:
    """Return the board's verdict on a row: ``winner``, ``best``, ``near``, or nothing."""
    if row in board.winners(task):
        return "winner"
    if board.list_not_separated(task) and row in board.best(task):
        return "best"
    if row in board.list_not_separated(task):
        return "near"
    reason = board.standing(task).reasons_not_to_contend.get(id(row))
    return "uninformed" if reason == UNINFORMED else ""


def is_below_chance(board: Board, task: str, cell: Cell) -> bool:
    """Say whether a mean is no better than that of a random order; False where that is unknown."""
    chance = board.chance(task)
    if chance is None or board.has_no_ranking:
        return False
    return cell.mean >= chance if board.lower_is_better else cell.mean <= chance


def _collect_draws(board: Board, task: str) -> dict[str, Any]:
    """Return the value on each split, rows by splits, and the splits by their fingerprints."""
    splits = list(
        dict.fromkeys(s for row in board.rows if task in row.cells for s in row.cells[task].means)
    )
    values = [
        [shorten_number(row.cells[task].means.get(split)) for split in splits]
        if task in row.cells
        else None
        for row in board.rows
    ]
    return {"splits": [split[:8] for split in splits], "by_split": values}
