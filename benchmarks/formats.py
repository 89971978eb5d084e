"""A board for the terminal, for Markdown and as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from .console import duration, table
from .crowning import SINGLE_DRAW
from .standings import Board, Cell, Row

ONE_SPLIT = "one split: that of the published files; how far another draw moves it is not known"
LEGEND = "† in every seed its 95 % interval lies above every reference row of that task"
COSTS = ("fit_seconds", "score_seconds", "peak_bytes", "trainable_parameters", "parameters")
CSV_FIELDS = (
    "scenario", "dataset", "board", "task", "metric", "rank", "method", "label", "family", "marks",
    "mean", "low", "high", "seeds", "users", "beats_reference", *COSTS, "status", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """One cell of a table, and whether it is the best of its column."""

    text: str
    best: bool = False


Grid = tuple[list[str], list[list[Shown]]]


def show(board: Board, task: str | None, out: Console) -> None:
    """Print one board: the overview of all tasks, or one task in detail.

    An overview that is wider than the terminal is printed in parts, one per scenario.
    """
    out.print("\n".join([headline(board, task), *opening(board)]), soft_wrap=True)
    if task is not None:
        out.print(drawn(_detail(board, task)))
    elif _width(whole := drawn(_overview(board, board.tasks)), out) <= out.width:
        out.print(whole)
    else:
        for scenario in dict.fromkeys(name.split("/")[0] for name in board.tasks):
            tasks = [name for name in board.tasks if name.split("/")[0] == scenario]
            out.print(f"\n{scenario}")
            out.print(drawn(_overview(board, tasks, families=False), strip=f"{scenario}/"))
    for line in closing(board, task):
        out.print(line, soft_wrap=True)
    out.print()


def _width(whole: Table, out: Console) -> int:
    """Return how wide a table would like to be."""
    return Measurement.get(out, out.options.update(max_width=10_000), whole).maximum


def drawn(grid: Grid, strip: str = "") -> Table:
    """Return the table of a grid; the parts of a task's name stand below each other."""
    head, rows = grid
    made = table(*(name.removeprefix(strip).replace("/", "\n") for name in head))
    for row in rows:
        made.add_row(*(Text(cell.text, style="bold" if cell.best else "") for cell in row))
    return made


def markdown(board: Board, task: str | None) -> str:
    """Return one board as a section of Markdown, winners in bold."""
    grid = _detail(board, task) if task else _overview(board, board.tasks)
    lines = [f"### {headline(board, task)}", ""]
    lines += [*(f"- {line}" for line in opening(board)), ""] if board.findings else []
    lines += md_lines(grid)
    lines += ["", *(f"- {line}" for line in closing(board, task)), ""]
    return "\n".join(lines)


def md_lines(grid: Grid) -> list[str]:
    """Return the lines of a table in Markdown, what is best in bold."""
    head, rows = grid
    lines = [_md_line(head), _md_line(["---"] * len(head))]
    return lines + [_md_line([f"**{c.text}**" if c.best else c.text for c in row]) for row in rows]


def as_csv(made: Sequence[Board], task: str | None) -> str:
    """Return every figure as CSV, one line per task and row; rows without figures come last."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_FIELDS, lineterminator="\n")
    writer.writeheader()
    for board in made:
        for name in board.tasks if task is None else [task]:
            for rank, row, cell in board.ranking(name):
                found: dict[str, object] = {"task": name}
                found |= {"rank": "" if board.unranked else rank}
                found |= {"mean": cell.mean, "low": cell.low, "high": cell.high}
                found |= {"seeds": cell.seeds, "users": cell.users}
                found |= {"beats_reference": board.beats_reference(row, name), "status": "ok"}
                writer.writerow(_csv_row(board, row) | found)
        for row in board.rows:
            if not row.cells:
                status = row.first.status.value
                writer.writerow(
                    _csv_row(board, row) | {"status": status, "reason": row.first.error}
                )
    return text.getvalue()


def opening(board: Board) -> list[str]:
    """Return the lines above a table: what the audit of the split found."""
    return [f"the audit of the split found: {one}" for one in board.findings]


def closing(board: Board, task: str | None) -> list[str]:
    """Return the lines under a table: who wins each task, what the mark means, what is missing."""
    tasks = board.tasks if task is None else [task]
    lines = [_winner(board, name) for name in tasks]
    lines += [ONE_SPLIT] if board.one_split else []
    if any(board.beats_reference(row, name) for row in board.rows for name in tasks):
        lines.append(LEGEND.replace("above", "below") if board.lower_is_better else LEGEND)
    if len({tuple(one.seed for one in row.records) for row in board.rows}) > 1:
        lines.append("the rows do not have the same seeds: compare with care")
    return lines + [trouble for row in board.rows for trouble in row.troubles]


def _winner(board: Board, task: str) -> str:
    """Return who wins a task, or why nobody does."""
    against = board.uncrowned(task)
    names = " and ".join(row.label for row in board.best(task))
    cell = board.ranking(task)[0][2]
    told = f"{names}, {cell.mean:.4f} ({_interval(cell)})"
    if against == [SINGLE_DRAW]:
        return f"{task}: best mean of a single draw: {told}; {SINGLE_DRAW}"
    if against:
        return f"{task}: nobody is crowned: {'; '.join(against)}"
    near = board.not_separated(task)
    apart = f"; not separated from it: {', '.join(near)}" if near else ""
    return f"{task}: winner {told}{apart}"


def _overview(board: Board, tasks: Sequence[str], *, families: bool = True) -> Grid:
    """Rows are methods, columns tasks; best mean rank over all tasks of the board first."""
    ranks: dict[int, list[int]] = {id(row): [] for row in board.rows}
    for task in board.tasks:
        for rank, row, _ in board.ranking(task):
            ranks[id(row)].append(rank)
    ordered = sorted(board.rows, key=lambda row: _mean_rank(ranks[id(row)], board))
    head = ["method", *(["family"] if families else []), "seeds", *tasks, "notes"]
    return head, [_overview_row(board, row, tasks, families) for row in ordered]


def _mean_rank(ranks: Sequence[int], board: Board) -> float:
    """Return the mean rank over the tasks; a task without a figure counts as last."""
    last = len(board.rows) + 1
    return (sum(ranks) + last * (len(board.tasks) - len(ranks))) / max(1, len(board.tasks))


def _overview_row(board: Board, row: Row, tasks: Sequence[str], families: bool) -> list[Shown]:
    family = [Shown(row.first.family.replace("_", " "))] if families else []
    figures = [_figure(board, row, task) for task in tasks]
    return [Shown(row.label), *family, Shown(str(len(row.records))), *figures, Shown(row.marks)]


def _figure(board: Board, row: Row, task: str) -> Shown:
    if task not in row.cells:
        return Shown("-" if row.cells else row.first.status.value.replace("_", " "))
    mark = "†" if board.beats_reference(row, task) else ""
    return Shown(f"{row.cells[task].mean:.4f}{mark}", row in board.winners(task))


def _detail(board: Board, task: str) -> Grid:
    """Rows are methods in the order of one task, with intervals and costs."""
    head = [
        "rank", "method", "family", board.metric, "95 % interval", "seeds", "users", "fit",
        "score", "parameters", "notes",
    ]  # fmt: skip
    ranked = board.ranking(task)
    rows = [_detail_row(board, task, *one) for one in ranked]
    for row in board.rows:
        if task not in row.cells:
            status = row.first.status.value.replace("_", " ")
            blank = ["", row.label, row.first.family, status, *[""] * 6, row.marks]
            rows.append([Shown(text) for text in blank])
    return head, rows


def _detail_row(board: Board, task: str, rank: int, row: Row, cell: Cell) -> list[Shown]:
    mark = "†" if board.beats_reference(row, task) else ""
    parameters = row.cost("parameters")
    texts = [
        str(rank),
        row.label,
        row.first.family.replace("_", " "),
        f"{cell.mean:.4f}{mark}",
        _interval(cell),
        str(cell.seeds),
        str(cell.users),
        _seconds(row, "fit_seconds"),
        _seconds(row, "score_seconds"),
        "" if parameters is None else f"{parameters:,.0f}",
        row.marks,
    ]
    return [Shown(text, best=row in board.winners(task)) for text in texts]


def _csv_row(board: Board, row: Row) -> dict[str, object]:
    """Return what does not depend on the task."""
    named: dict[str, object] = {
        "scenario": board.scenario,
        "dataset": board.dataset,
        "board": board.title,
        "metric": board.metric,
        "method": row.first.method,
        "label": row.label,
        "family": row.first.family,
        "marks": row.marks,
    }
    return named | {name: row.cost(name) for name in COSTS}


def headline(board: Board, task: str | None) -> str:
    """Return what a table shows: its board, the metric, and the task where it is one."""
    return f"{board.title}: {board.metric}" + (f" in {task}" if task else "")


def _interval(cell: Cell) -> str:
    return f"{cell.low:.4f} to {cell.high:.4f}"


def _seconds(row: Row, name: str) -> str:
    seconds = row.cost(name)
    return "" if seconds is None else duration(seconds)


def _md_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
