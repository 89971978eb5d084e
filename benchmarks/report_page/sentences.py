"""One sentence per side: who is best there, who is not separated, and what costs much less."""

from collections.abc import Sequence

from ..reports.across import REGION
from ..reports.board import Board
from ..reports.cold_sides import ColdSide, list_cold_sides
from ..reports.rows import Row
from ..reports.table_grids import shorten
from ..reports.winner_rules import SINGLE_DRAW
from .row_panel import sum_seconds

WARM = "warm/warm/k=0"
NAMED = 3
"""Rows that a sentence names; of more it counts the rest."""
CHEAPER = 2.0
"""From this ratio of costs on a cheaper row is worth a clause."""
CLOSE = 0.05
"""Share of the best mean that a cheaper row may be behind."""


def list_sentences(board: Board) -> list[dict[str, str]]:
    """Return a sentence for each cold side of a board, the warm side, and its other tasks.

    Who wins and who is not separated is the board's verdict. A cheaper row is named where it is
    within the region of practical equivalence, or not separated from the best and close to it.
    """
    sides = [ColdSide(one.task, one.head, f"For {_lowered(one)}") for one in _list_sides(board)]
    if WARM in board.tasks:
        sides.append(ColdSide(WARM, "warm", "For known users and items"))
    named = {one.task for one in sides}
    if not named & set(board.tasks):
        sides += [ColdSide(task, task, f"In {task}") for task in board.tasks]
    return [{"task": one.task, "text": describe_side(board, one)} for one in sides]


def _list_sides(board: Board) -> list[ColdSide]:
    return [one for one in list_cold_sides(board.tasks) if one.task in board.tasks]


def _lowered(side: ColdSide) -> str:
    """Return how a sentence names a side: ``new users (k=5)``."""
    name, _, shots = side.opening.partition(", ")
    names = {"New items": "new items", "New users": "new users", "Both new": "new users and items"}
    found = names.get(name, name.lower())
    return f"{found} (k={shots.split()[0]})" if shots else found


def describe_side(board: Board, side: ColdSide) -> str:
    """Return the sentence of one side."""
    task, leaders = side.task, board.best(side.task)
    against = board.find_reasons_against_winner(task)
    if not leaders:
        return f"{side.opening}: {'; '.join(against) or 'no method has a value'}."
    best = f"{_listed(leaders)} {leaders[0].cells[task].mean:.4f}"
    if against:
        told = "best mean on a single split" if against == [SINGLE_DRAW] else "no winner"
        reason = "" if against == [SINGLE_DRAW] else f" ({'; '.join(against)}); best mean"
        return f"{side.opening}: {told}{reason} {best}."
    near = board.list_not_separated(task)
    told = f"not separated from {_listed(near)}" if near else "ahead of all others"
    return f"{side.opening}: {best}, {told}{_tell_cheaper(board, task, leaders[0], near)}."


def _listed(rows: Sequence[Row]) -> str:
    names = [row.name for row in rows]
    shown, left = names[:NAMED], len(names) - NAMED
    if left > 0:
        return f"{', '.join(shown)} and {left} other{'s' if left > 1 else ''}"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _tell_cheaper(board: Board, task: str, best: Row, near: Sequence[Row]) -> str:
    """Return the clause about the cheapest row that is about as good; empty without one."""
    cost = sum_seconds(best)
    if not cost:
        return ""
    alike = [row for row in board.standing(task).contenders if _is_alike(board, task, row, near)]
    costs = {id(row): seconds for row in alike if (seconds := sum_seconds(row))}
    cheapest = min(
        (row for row in alike if id(row) in costs), key=lambda r: costs[id(r)], default=None
    )
    if cheapest is None or cost / costs[id(cheapest)] < CHEAPER:
        return ""
    found = board.difference(cheapest, task)
    apart = "" if found is None else f" at {shorten(f'{found.mean:+.3f}')}"
    ratio = cost / costs[id(cheapest)]
    return f"; {cheapest.name} costs {_format_ratio(ratio)} times less{apart}"


def _is_alike(board: Board, task: str, row: Row, near: Sequence[Row]) -> bool:
    """Say whether a row is about as good as the best one."""
    found, best = board.difference(row, task), board.standing(task).best
    if found is None or best is None:
        return False
    close = abs(found.mean) <= CLOSE * abs(best.cells[task].mean)
    return abs(found.mean) <= REGION or (row in near and close)


def _format_ratio(ratio: float) -> str:
    """Return a ratio with two significant digits: ``2.5``, ``700``."""
    return f"{ratio:.1f}" if ratio < 9.95 else f"{float(f'{ratio:.2g}'):,.0f}"
