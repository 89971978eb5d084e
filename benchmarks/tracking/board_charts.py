"""The charts of a leaderboard: its value by the number of shots, and by the cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..reports.board import Board
from .board_names import make_key
from .board_tables import ShownBoard
from .run_contents import Table, make_table
from .session import load_wandb

SHOTS = ("k", "row", "value", "low", "high")
COST = ("fit_seconds", "value", "row", "method", "parameters")


@dataclass(frozen=True)
class Chart:
    """One chart and the table that it draws.

    Attributes
    ----------
    key
        Its name in W&B.
    board
        The name of its leaderboard there.
    kind
        ``line`` or ``scatter``.
    fields
        Columns by what they are drawn as.
    """

    key: str
    board: str
    title: str
    kind: str
    table: Table
    fields: dict[str, str]


def draw_charts(shown: ShownBoard) -> Iterator[Chart]:
    """Yield the charts of a leaderboard, those by shots first."""
    for name, tasks in _group_by_shots(shown.board).items():
        if len(tasks) > 1:
            rows = [line for k, task in sorted(tasks.items()) for line in _by_shots(shown, k, task)]
            title = f"{shown.title}: {shown.board.metric} in {name} by shots"
            fields = {"x": "k", "y": "value", "stroke": "row"}
            key = f"shots/{shown.key}_{make_key(name)}"
            yield Chart(key, shown.key, title, "line", (list(SHOTS), rows), fields)
    for task in _first_tasks(shown.board):
        rows = list(_by_cost(shown, task))
        if rows:
            title = f"{shown.title}: {shown.board.metric} in {task} by seconds of fitting"
            key = f"cost/{shown.key}_{make_key(task)}"
            fields = {"x": "fit_seconds", "y": "value"}
            yield Chart(key, shown.key, title, "scatter", (list(COST), rows), fields)


def log_charts(run: Any, charts: list[Chart], step: int) -> None:
    """Log the charts into a run, each with its table."""
    media = {}
    for one in charts:
        columns, rows = one.table
        # The name under which W&B itself logs the table of a chart.
        table = make_table(run, f"{one.key}_table", columns, rows, step)
        draw = getattr(load_wandb().plot, one.kind)
        media[one.key] = draw(table, title=one.title, **one.fields)
    if media:
        run.log(media, step=step)


def _group_by_shots(board: Board) -> dict[str, dict[int, str]]:
    """Return the tasks ``<scenario>/<candidates>/k=<shots>`` by shots, for each of the others."""
    found: dict[str, dict[int, str]] = {}
    for task in board.tasks:
        name, _, shots = task.rpartition("/k=")
        if name and shots.isdecimal():
            found.setdefault(name, {})[int(shots)] = task
    return found


def _by_shots(shown: ShownBoard, k: int, task: str) -> Iterator[list[Any]]:
    for _, row, cell in shown.board.ranking(task):
        yield [k, shown.labels[id(row)], cell.mean, cell.low, cell.high]


def _first_tasks(board: Board) -> list[str]:
    """Return the first task of each scenario."""
    found: dict[str, str] = {}
    for task in board.tasks:
        found.setdefault(task.split("/")[0], task)
    return list(found.values())


def _by_cost(shown: ShownBoard, task: str) -> Iterator[list[Any]]:
    for _, row, cell in shown.board.ranking(task):
        seconds = row.cost("fit_seconds")
        if seconds is not None:
            label = shown.labels[id(row)]
            yield [seconds, cell.mean, label, row.first.method, row.cost("parameters")]
