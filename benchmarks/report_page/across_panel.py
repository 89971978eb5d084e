"""Average ranks over the datasets: the critical-difference strip of each task, and its table."""

from collections.abc import Sequence
from typing import Any

from ..reports.across import Ranks, build_across_grid, describe_ranks, rank_across
from ..reports.board import Board
from .plain_numbers import shorten_number


def collect_across(boards: Sequence[Board]) -> list[dict[str, Any]]:
    """Return the average ranks of each task that three datasets share with three methods."""
    tasks = dict.fromkeys(task for board in boards for task in board.tasks)
    ranked = (rank_across(boards, task) for task in tasks)
    return [_describe(boards, found) for found in ranked if found is not None]


def _describe(boards: Sequence[Board], found: Ranks) -> dict[str, Any]:
    grid = build_across_grid(boards, found)
    return {
        "task": found.task,
        "labels": found.labels,
        "ranks": [shorten_number(one) for one in found.ranks],
        "critical": shorten_number(found.critical),
        "groups": group_unseparated(found.ranks, found.critical),
        "note": describe_ranks(found),
        "head": [one.head for one in grid.columns],
        "table": [[cell.text for cell in row] for row in grid.rows],
    }


def group_unseparated(ranks: Sequence[float], critical: float) -> list[list[int]]:
    """Return first and last place of every longest run of rows that differ by no more.

    Parameters
    ----------
    ranks
        Ascending.
    critical
        Nemenyi's difference.
    """
    found: list[list[int]] = []
    for first in range(len(ranks)):
        last = max(at for at in range(first, len(ranks)) if ranks[at] - ranks[first] <= critical)
        if last > first and (not found or last > found[-1][1]):
            found.append([first, last])
    return found
