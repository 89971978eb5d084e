"""One screen: every method in one task of each cold side, with a summary."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..records.record import Status
from ..terminal.console import format_duration, make_console, make_table
from .board import Board
from .differences import ALPHA
from .rows import Row
from .standing import Standing
from .table_grids import is_chance
from .winner_rules import FOUND

WIDTH = 80


@dataclass(frozen=True)
class ColdSide:
    """One column: a task under a short head, and how a sentence about it begins."""

    task: str
    head: str
    opening: str


def list_cold_sides(tasks: Sequence[str]) -> list[ColdSide]:
    """Return the columns that there are: new item, new user with fewest and most shots, both.

    Parameters
    ----------
    tasks
        Names of tasks, ``<scenario>/<candidates>/k=<shots>``.
    """
    found = []
    for start, head, opening, ends in (
        ("new_item/cold/", "new item", "New items", False),
        ("new_user/warm/", "user", "New users", True),
        ("new_user_new_item/cold/", "both", "Both new", False),
    ):
        shots = sorted(int(one.split("k=")[1]) for one in tasks if one.startswith(start))
        for k in dict.fromkeys((shots[:1] if ends else []) + shots[-1:]):
            message = f", {k} shots" if "user" in start else ""
            named = f"{head} k={k}" if "user" in start else head
            found.append(ColdSide(f"{start}k={k}", named, f"{opening}{message}"))
    return found


def show_sides(board: Board) -> None:
    """Print a leaderboard on one screen of 80 columns: a row per method, a sentence per side."""
    out, columns = make_console(), list_cold_sides(board.tasks)
    out.print(
        f"{board.title}: {board.metric}. * best mean, ~ not separated from it", soft_wrap=True
    )
    rows = make_table("method", *(side.head for side in columns), "time")
    for row in _ordered(board, columns):
        cells = [_cell(board, row, side.task) for side in columns]
        rows.add_row(_named(row), *cells, _time(row))
    out.print(rows)
    sentences = {side.task.rpartition("/")[0]: side for side in columns}  # most shots of each
    for side in sentences.values():
        out.print(summarise_side(board, side), soft_wrap=True)
    draws = max(cell.draws for row in board.rows for cell in row.cells.values())
    if draws == 1:
        out.print("No winner on a single split; seed=0,1,2 repeats it on three.", soft_wrap=True)


def summarise_side(board: Board, side: ColdSide) -> str:
    """Return who has the best mean on one side and who is not separated from it, in 80 columns."""
    ranked = board.ranking(side.task)
    if not ranked:
        return f"{side.opening}: no method has a value."
    standing = board.standing(side.task)
    best = standing.best
    if best is None:
        return f"{side.opening}: no method knows anything of them."
    if board.contest(side.task).too_small:
        return f"{side.opening}: too small to tell methods apart."
    if FOUND in board.find_reasons_against_winner(side.task):
        return f"{side.opening}: {FOUND}, nothing can be said."
    near = standing.not_separated
    if not _is_apart_from_chance(standing):
        return f"{side.opening}: no method is separated from chance."
    head = f"{side.opening}: {best.name} {best.cells[side.task].mean:.4f}"
    return f"{head}, {_listed([row.name for row in near], WIDTH - len(head) - 2)}"


def _is_apart_from_chance(standing: Standing) -> bool:
    """Say whether the best row is separated from the one that ranks at random, if there is one."""
    for row in filter(is_chance, standing.ranked):
        found = standing.differences.get(id(row))
        if found is None or not found.one_sign or found.spread.p_value >= ALPHA:
            return False
    return True


def _listed(names: list[str], room: int) -> str:
    """Return ``not separated from X, Y and 3 others.`` within so many characters."""
    if not names:
        return "separated from all others."
    for shown in range(len(names), -1, -1):
        left = len(names) - shown
        other = f"{left} other{'s' if left > 1 else ''}"
        parts = [", ".join(names[:shown])] * bool(shown) + [other] * bool(left)
        sentence = f"not separated from {' and '.join(parts)}."
        if len(sentence) <= room:
            break
    return sentence


def _ordered(board: Board, columns: Sequence[ColdSide]) -> list[Row]:
    """Return the rows in the order of the first column, those without a value last."""
    places = {id(row): at for at, (_, row, _) in enumerate(board.ranking(columns[0].task))}
    return sorted(board.rows, key=lambda row: (places.get(id(row), len(places)), row.label))


def _cell(board: Board, row: Row, task: str) -> str:
    if task not in row.cells:
        status = row.first.status
        return "-" if status is Status.OK else status.value.replace("not_applicable", "n/a")
    standing = board.standing(task)
    mark = "*" if row in standing.leaders else "~" if row in standing.not_separated else ""
    return f"{row.cells[task].mean:.4f}{mark}"


def _named(row: Row) -> str:
    if is_chance(row):
        return f"{row.name} (chance)"
    return f"{row.name} (ref)" if row.reference else row.name


def _time(row: Row) -> str:
    parts = [row.cost("fit_seconds"), row.cost("score_seconds")]
    known = [one for one in parts if one is not None]
    return format_duration(sum(known)) if known else "-"
