"""Groups of users and items that are measured apart, and the gaps between groups."""

from pathlib import Path
from statistics import fmean
from typing import Any

from ..records.stored_slices import SliceValue, read_slices
from ..reports.board import Board
from ..reports.rows import Row
from .plain_numbers import shorten_number


def collect_slices(board: Board, home: Path) -> dict[str, Any]:
    """Return by task its groups, the users of each, and the rows' values there.

    A value is the mean over the runs of a row that have the group, and the number of users that
    of a run on average. Tasks without groups are left out.
    """
    records = [one for row in board.rows for one in row.records if one.scores]
    found = read_slices(records, home, board.metric)
    by_task: dict[str, dict[int, dict[str, list[SliceValue]]]] = {}
    for at, row in enumerate(board.rows):
        for record in row.records:
            for task, groups in found.get(record.run_id, {}).items():
                for group, value in groups.items():
                    held = by_task.setdefault(task, {}).setdefault(at, {})
                    held.setdefault(group, []).append(value)
    return {task: _arrange(board.rows, by_task[task]) for task in board.tasks if task in by_task}


def _arrange(rows: list[Row], held: dict[int, dict[str, list[SliceValue]]]) -> dict[str, Any]:
    groups = sorted({group for known in held.values() for group in known}, key=_order)
    users = [
        round(fmean(one.users for known in held.values() for one in known.get(group, [])))
        for group in groups
    ]
    values = [
        [_average(held[at].get(group, [])) for group in groups] if at in held else None
        for at in range(len(rows))
    ]
    return {"groups": groups, "users": users, "values": values}


def _average(values: list[SliceValue]) -> float | None:
    return shorten_number(fmean(one.mean for one in values), 4) if values else None


def _order(group: str) -> tuple[bool, str, int, str]:
    """Gaps come last; lengths and supports are in the order of their numbers."""
    kind, _, value = group.partition(":")
    first = value.split("-")[0].rstrip("+")
    return kind == "gap", kind, int(first) if first.isdecimal() else 0, group
