"""Leaderboards by track: what reads the dataset's own columns alone, what reads users' words."""

from collections.abc import Sequence
from dataclasses import replace

from .board import Board
from .labels import label_rows
from .rows import Row


def group_by_track(boards: Sequence[Board]) -> dict[str | None, list[Board]]:
    """Return the leaderboards of each track, those of the strict one first.

    One whose rows were run on both is in both, with the rows of each. These are named among
    themselves: what only its track distinguished has the name of its method or preset again.
    """
    found: dict[str | None, list[Board]] = {}
    for board in boards:
        held: dict[str | None, list[Row]] = {}
        for row in board.rows:
            held.setdefault(row.first.track, []).append(row)
        for track, rows in held.items():
            part = board if len(held) == 1 else _take(board, track, rows)
            found.setdefault(track, []).append(part)
    return dict(sorted(found.items(), key=lambda one: (one[0] != "strict", one[0] or "")))


def _take(board: Board, track: str | None, rows: Sequence[Row]) -> Board:
    taken = [replace(row) for row in rows]
    label_rows(taken)
    return replace(board, title=f"{board.title} track={track}", rows=taken)
