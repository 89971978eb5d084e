"""The tables of a leaderboard as rows of cells: the overview, and one task in detail."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

from ..evaluation.spread import Spread
from ..records.record import Status
from ..terminal.console import format_duration
from ..terminal.fitted_table import TableColumn
from .board import Board
from .differences import Difference
from .rows import Cell, Row

CHANCE = "random"
"""The row that ranks at random: its mean is the measured chance level."""
WINNER, REFERENCE, BY_LOT, FAILED, UNFIT = "winner", "ref", "chance", "failed", "n/a"
ABOVE_BASELINES, NEAR = "†", "~"
"""Behind a value: separated from every baseline; the best, or not separated from the best."""
STYLES = {WINNER: "bold", REFERENCE: "cyan", BY_LOT: "dim", FAILED: "red", UNFIT: "dim"}
"""How a terminal with colours shows a row of each mark; the mark alone says it too."""
BY_MEAN_RANK = (
    "rows in the order of their mean rank over all tasks, a task without a value counted as last"
)


@dataclass(frozen=True)
class CellText:
    """One cell of a table, and whether it is the best of its column."""

    text: str
    best: bool = False


class TableGrid(NamedTuple):
    """A table: its columns, its rows, and what each row is at a glance."""

    columns: list[TableColumn]
    rows: list[list[CellText]]
    marks: Sequence[tuple[str, ...]] = ()


def build_overview(
    board: Board, tasks: Sequence[str], *, families: bool = True, differences: bool = False
) -> TableGrid:
    """Return methods by tasks, the best mean rank over all tasks of the leaderboard first.

    A metric without a better side has no ranks; its rows are in the order of the first task. The
    last row is the chance level, where it is known.

    Parameters
    ----------
    differences
        Put the difference to the best row of the task, with its interval, behind each value.
    """
    means = compute_mean_ranks(board)
    last = float("inf")
    if board.has_no_ranking:
        order = [id(row) for _, row, _ in board.ranking(tasks[0])] if tasks else []
        place = {one: at for at, one in enumerate(order)}
        ordered = sorted(board.rows, key=lambda row: place.get(id(row), last))
    else:
        ordered = sorted(board.rows, key=lambda row: means.get(id(row), last))
    columns = [TableColumn("method", wraps=True)]
    columns += [TableColumn("family", leave=3)] if families else []
    columns += [] if board.has_no_ranking else [TableColumn("mean rank")]
    columns += [
        TableColumn("draws", leave=2),
        *map(TableColumn, tasks),
        TableColumn("notes", leave=4),
    ]
    rows = []
    for row in ordered:
        cells = [CellText(row.name)]
        cells += [CellText(_spaced(row.first.family))] if families else []
        rank = means.get(id(row))
        cells += [] if board.has_no_ranking else [CellText("-" if rank is None else f"{rank:.1f}")]
        cells += [CellText(describe_draws(row))]
        cells += [_figure(board, row, task, differences) for task in tasks]
        rows.append([*cells, CellText(row.marks)])
    marks = [mark_row(row) for row in ordered]
    if any(board.chance(task) is not None for task in tasks):
        blank = [""] * (len(columns) - len(tasks) - 2)
        levels = [_level(board.chance(task)) for task in tasks]
        rows.append([CellText(text) for text in ("chance level", *blank, *levels, "")])
        marks.append(())
    return TableGrid(columns, rows, marks)


def describe_draws(row: Row) -> str:
    """Return how many draws of the split a row has; a range where its tasks differ."""
    counts = {cell.draws for cell in row.cells.values()}
    if not counts:
        return str(len({one.split_sha256 for one in row.records}))
    return str(min(counts)) if len(counts) == 1 else f"{min(counts)}-{max(counts)}"


def _level(level: float | None) -> str:
    return "" if level is None else f"{level:.4f}"


def describe_order(board: Board, tasks: Sequence[str]) -> str:
    """Return the sentence about the order of the rows of an overview."""
    return f"rows in the order of {tasks[0]}" if board.has_no_ranking and tasks else BY_MEAN_RANK


def compute_mean_ranks(board: Board) -> dict[int, float]:
    """Return the mean rank of each row with values by its ``id``; no value counts as last."""
    ranks: dict[int, list[int]] = {}
    for task in board.tasks:
        for rank, row, _ in board.ranking(task):
            ranks.setdefault(id(row), []).append(rank)
    tasks, last = len(board.tasks), len(board.rows) + 1
    return {row: (sum(found) + last * (tasks - len(found))) / tasks for row, found in ranks.items()}


def build_detail(board: Board, task: str) -> TableGrid:
    """Return methods in the order of one task, with intervals and costs; failures come last."""
    columns = [
        TableColumn("rank"), TableColumn("method", wraps=True), TableColumn("family", leave=5),
        TableColumn(board.metric), TableColumn("95 % interval", leave=2),
        TableColumn("difference to best", leave=1), TableColumn("p (Holm)", leave=4),
        TableColumn("draws", leave=2), TableColumn("users", leave=3), TableColumn("fit", leave=6),
        TableColumn("score", leave=7), TableColumn("parameters", leave=8),
        TableColumn("notes", leave=4),
    ]  # fmt: skip
    ranked, winners = board.ranking(task), board.winners(task)
    rows = [_detail_row(board, task, *one) for one in ranked]
    marks = [mark_row(row, row in winners) for _, row, _ in ranked]
    for row in board.rows:
        if task not in row.cells:
            status = "-" if row.cells else _spaced(row.first.status.value)
            blank = ["", row.name, _spaced(row.first.family), status, *[""] * 8, row.marks]
            rows.append([CellText(text) for text in blank])
            marks.append(mark_row(row))
    return TableGrid(columns, rows, marks)


def mark_row(row: Row, winner: bool = False) -> tuple[str, ...]:
    """Return what a row is at a glance."""
    found = [WINNER] if winner else []
    if is_chance(row):
        found.append(BY_LOT)
    elif row.reference:
        found.append(REFERENCE)
    if not row.cells:
        found.append(UNFIT if row.first.status is Status.NOT_APPLICABLE else FAILED)
    return tuple(found)


def is_chance(row: Row) -> bool:
    """Say whether a row is coldbench's own that ranks at random."""
    return row.first.method == CHANCE and row.reference


def _figure(board: Board, row: Row, task: str, differences: bool) -> CellText:
    if task not in row.cells:
        return CellText("-" if row.cells else _spaced(row.first.status.value))
    text = format_value(board, row, task)
    found = board.difference(row, task) if differences else None
    text = f"{text} ({format_difference(found)})" if found is not None else text
    return CellText(text, row in board.winners(task))


def format_value(board: Board, row: Row, task: str) -> str:
    """Return a row's value in a task with its marks: above the baselines, not separated."""
    mark = ABOVE_BASELINES if board.beats_baselines(row, task) else ""
    near = board.list_not_separated(task)
    if near and row in (*near, *board.best(task)):
        mark += NEAR
    return f"{row.cells[task].mean:.4f}{mark}"


def format_difference(found: Difference) -> str:
    """Return a difference with half its 95 % interval, ``-.025 ±.031``."""
    return format_spread(found.spread)


def format_spread(found: Spread) -> str:
    """Return a mean difference with half its 95 % interval."""
    half = f"{found.half:.3f}" if isfinite(found.half) else "?"
    return f"{shorten(f'{found.mean:+.3f}')} ±{shorten(half)}"


def shorten(number: str) -> str:
    """Return a number without the zero before its point."""
    return number.replace("0.", ".", 1) if number.lstrip("+-").startswith("0.") else number


def _detail_row(board: Board, task: str, rank: int, row: Row, cell: Cell) -> list[CellText]:
    parameters, found = row.cost("parameters"), board.difference(row, task)
    p_holm = None if found is None else found.p_holm
    reason = board.standing(task).reasons_not_to_contend.get(id(row), "")
    texts = [
        "" if board.has_no_ranking else str(rank),
        row.name,
        _spaced(row.first.family),
        format_value(board, row, task),
        format_interval(cell),
        "" if found is None else format_difference(found),
        "" if p_holm is None else format_p(p_holm),
        str(cell.draws),
        str(cell.users),
        _seconds(row, "fit_seconds"),
        _seconds(row, "score_seconds"),
        "" if parameters is None else f"{parameters:,.0f}",
        ", ".join(filter(None, [row.marks, reason])),
    ]
    return [CellText(text, best=row in board.winners(task)) for text in texts]


def format_p(p: float) -> str:
    """Return a p-value as tables print it."""
    return f"{p:.4f}" if p >= 0.0001 else "<0.0001"


def format_interval(cell: Cell) -> str:
    """Return an interval as tables print it."""
    return f"{cell.low:.4f} to {cell.high:.4f}"


def _seconds(row: Row, name: str) -> str:
    seconds = row.cost(name)
    return "" if seconds is None else format_duration(seconds)


def _spaced(name: str) -> str:
    return name.replace("_", " ")
