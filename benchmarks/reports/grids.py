"""The tables of a board as rows of cells: the overview of its tasks, and one task in detail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..records.record import Status
from ..terminal.console import duration
from ..terminal.fitted_table import Column
from .standings import Board, Cell, Row

CHANCE = "random"
"""The row that ranks by lot: its mean is the measured chance level."""
WINNER, REFERENCE, BY_LOT, FAILED, UNFIT = "winner", "ref", "chance", "failed", "n/a"
STYLES = {WINNER: "bold", REFERENCE: "cyan", BY_LOT: "dim", FAILED: "red", UNFIT: "dim"}
"""How a terminal with colours shows a row of each mark; the mark alone says it too."""
BY_MEAN_RANK = (
    "rows in the order of their mean rank over all tasks, a task without a figure counted as last"
)


@dataclass(frozen=True)
class Shown:
    """One cell of a table, and whether it is the best of its column."""

    text: str
    best: bool = False


class Grid(NamedTuple):
    """A table: its columns, its rows, and what each row is at a glance."""

    columns: list[Column]
    rows: list[list[Shown]]
    marks: Sequence[tuple[str, ...]] = ()


def overview(board: Board, tasks: Sequence[str], *, families: bool = True) -> Grid:
    """Return methods by tasks, the best mean rank over all tasks of the board first.

    A metric without a better side has no ranks; its rows are in the order of the first task.
    """
    means = mean_ranks(board)
    last = float("inf")
    if board.unranked:
        order = [id(row) for _, row, _ in board.ranking(tasks[0])] if tasks else []
        place = {one: at for at, one in enumerate(order)}
        ordered = sorted(board.rows, key=lambda row: place.get(id(row), last))
    else:
        ordered = sorted(board.rows, key=lambda row: means.get(id(row), last))
    columns = [Column("method", wraps=True)]
    columns += [Column("family", leave=3)] if families else []
    columns += [] if board.unranked else [Column("mean rank")]
    columns += [Column("seeds", leave=2), *map(Column, tasks), Column("notes", leave=4)]
    rows = []
    for row in ordered:
        cells = [Shown(row.label)]
        cells += [Shown(_spaced(row.first.family))] if families else []
        rank = means.get(id(row))
        cells += [] if board.unranked else [Shown("-" if rank is None else f"{rank:.1f}")]
        cells += [Shown(str(len(row.records))), *(_figure(board, row, task) for task in tasks)]
        rows.append([*cells, Shown(row.marks)])
    return Grid(columns, rows, [row_marks(row) for row in ordered])


def order_told(board: Board, tasks: Sequence[str]) -> str:
    """Return the sentence about the order of the rows of an overview."""
    return f"rows in the order of {tasks[0]}" if board.unranked and tasks else BY_MEAN_RANK


def mean_ranks(board: Board) -> dict[int, float]:
    """Return the mean rank of each row with figures by its ``id``; no figure counts as last."""
    ranks: dict[int, list[int]] = {}
    for task in board.tasks:
        for rank, row, _ in board.ranking(task):
            ranks.setdefault(id(row), []).append(rank)
    tasks, last = len(board.tasks), len(board.rows) + 1
    return {row: (sum(found) + last * (tasks - len(found))) / tasks for row, found in ranks.items()}


def detail(board: Board, task: str) -> Grid:
    """Return methods in the order of one task, with intervals and costs; failures come last."""
    columns = [
        Column("rank"), Column("method", wraps=True), Column("family", leave=5),
        Column(board.metric), Column("95 % interval", leave=1), Column("seeds", leave=2),
        Column("users", leave=3), Column("fit", leave=6), Column("score", leave=7),
        Column("parameters", leave=8), Column("notes", leave=4),
    ]  # fmt: skip
    ranked, winners = board.ranking(task), board.winners(task)
    rows = [_detail_row(board, task, *one) for one in ranked]
    marks = [row_marks(row, row in winners) for _, row, _ in ranked]
    for row in board.rows:
        if task not in row.cells:
            status = "-" if row.cells else _spaced(row.first.status.value)
            blank = ["", row.label, _spaced(row.first.family), status, *[""] * 6, row.marks]
            rows.append([Shown(text) for text in blank])
            marks.append(row_marks(row))
    return Grid(columns, rows, marks)


def row_marks(row: Row, winner: bool = False) -> tuple[str, ...]:
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
    """Say whether a row is coldbench's own that ranks by lot."""
    return row.first.method == CHANCE and row.reference


def _figure(board: Board, row: Row, task: str) -> Shown:
    if task not in row.cells:
        return Shown("-" if row.cells else _spaced(row.first.status.value))
    mark = "†" if board.beats_reference(row, task) else ""
    return Shown(f"{row.cells[task].mean:.4f}{mark}", row in board.winners(task))


def _detail_row(board: Board, task: str, rank: int, row: Row, cell: Cell) -> list[Shown]:
    mark = "†" if board.beats_reference(row, task) else ""
    parameters = row.cost("parameters")
    texts = [
        "" if board.unranked else str(rank),
        row.label,
        _spaced(row.first.family),
        f"{cell.mean:.4f}{mark}",
        interval_told(cell),
        str(cell.seeds),
        str(cell.users),
        _seconds(row, "fit_seconds"),
        _seconds(row, "score_seconds"),
        "" if parameters is None else f"{parameters:,.0f}",
        row.marks,
    ]
    return [Shown(text, best=row in board.winners(task)) for text in texts]


def interval_told(cell: Cell) -> str:
    """Return an interval as tables print it."""
    return f"{cell.low:.4f} to {cell.high:.4f}"


def _seconds(row: Row, name: str) -> str:
    seconds = row.cost(name)
    return "" if seconds is None else duration(seconds)


def _spaced(name: str) -> str:
    return name.replace("_", " ")
