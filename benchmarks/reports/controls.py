"""Leaderboards of a dataset's controls: the same data with other texts, ``ml-100k.shuffled``."""

from collections.abc import Sequence

from .board import Board


def find_controls(board: Board, boards: Sequence[Board]) -> list[Board]:
    """Return the leaderboards of the controls of a leaderboard's dataset."""
    return [one for one in boards if _is_control(one, board)]


def leave_out_controls(boards: Sequence[Board]) -> list[Board]:
    """Return the leaderboards without the controls of one that is among them.

    They stand next to it in the ladder, and are no datasets to rank or to average methods over.
    """
    return [one for one in boards if not any(_is_control(one, other) for other in boards)]


def is_control(name: str, of: str) -> bool:
    """Say whether a dataset is a control of another, by their names."""
    return name.startswith(f"{of}.")


def _is_control(board: Board, of: Board) -> bool:
    return board.scenario == of.scenario and is_control(board.dataset, of.dataset)
