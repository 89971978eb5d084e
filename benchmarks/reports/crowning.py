"""When a board names no winner: too little was asked, drawn or sealed, or nothing is better."""

from typing import TYPE_CHECKING

from ..evaluation.direction import cutoff_of

if TYPE_CHECKING:
    from .standings import Board

LEAST_USERS = 50
CANDIDATES_PER_RANK = 5
"""A task needs this many candidates for each rank of the metric's cut-off."""
FOUND = "the audit of the split has findings"
SINGLE_DRAW = "a single draw crowns nobody"


def reasons_against(board: "Board", task: str) -> list[str]:
    """Return why nobody wins a task; empty where somebody does."""
    found = [FOUND] if board.findings else []
    if board.unranked:
        found.append(f"{board.metric} has no better side")
    small = too_small(board, task)
    if small:
        found.append(small)
    if board.draws(task) < board.draws_needed:
        found.append(SINGLE_DRAW)
    return found


def too_small(board: "Board", task: str) -> str:
    """Return why a task asks too little, counting its smallest draw; empty where it does not.

    The number of candidates is unknown in records of schema 1; then only the users count.
    """
    users = min((row.cells[task].fewest for row in board.rows if task in row.cells), default=0)
    told = []
    if users < LEAST_USERS:
        told.append(f"{users} users of at least {LEAST_USERS}")
    k, candidates = cutoff_of(board.metric), board.candidates(task)
    if k is not None and candidates is not None and candidates < CANDIDATES_PER_RANK * k:
        told.append(f"{candidates} candidates of at least {CANDIDATES_PER_RANK * k}")
    return f"too small, {' and '.join(told)}" if told else ""
