"""The plots of the report as files, drawn by matplotlib: for papers and slides."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...datasets.atomic import replace_atomically
from ...datasets.errors import ColdbenchError
from ..reports.across import rank_across
from ..reports.board import Board
from ..reports.rank_diagram import make_rank_diagram
from ..reports.rows import Row
from .curve_panel import choose_curves, find_front, group_by_shots
from .row_panel import sum_seconds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#7a6200", "#56b4e9", "#4d4d4d", "#000000")
"""Of Okabe and Ito: told apart by the colour-blind, too."""
MARKERS, LINES = "osD^vP*X", ("-", "--", ":", "-.")
PLOTS = ("png", "pdf")
DPI = 200

Drawing = tuple[str, Callable[[], "Figure"]]
"""The name of a plot, as a file is called, and what draws it."""


def write_plots(boards: Sequence[Board], out: Path, kind: str) -> list[Path]:
    """Write the plots of some boards and return the files.

    Parameters
    ----------
    out
        A folder, with a file for each plot. A name that ends in ``.pdf`` is one file with a page
        for each; one that ends in ``.png`` can hold a single plot.
    kind
        One of ``PLOTS``.

    Raises
    ------
    ColdbenchError
        Without the extra ``plots``, without anything to draw, or for several plots in one picture.
    """
    try:
        import matplotlib
        from matplotlib.backends.backend_pdf import PdfPages
    except ImportError as error:
        raise ColdbenchError(
            f"--format {kind} needs {error.name}; install it with: pip install 'coldbench[plots]'"
        ) from error
    drawings = list(list_drawings(boards))
    single = out.suffix == f".{kind}"
    if not drawings:
        raise ColdbenchError("no board has shots or costs to draw; --format csv has every value")
    if single and kind == "png" and len(drawings) > 1:
        raise ColdbenchError(
            f"--out {out} is one picture, and there are {len(drawings)} plots; name a folder, or "
            "choose with --dataset and --scenario"
        )
    with matplotlib.rc_context({"font.size": 8, "pdf.fonttype": 42}):
        if single:
            with replace_atomically(out) as file:
                _write_pages(file, drawings, PdfPages if kind == "pdf" else None)
            return [out]
        written = []
        for name, draw in drawings:
            path = out / f"{name}.{kind}"
            with replace_atomically(path) as file:
                draw().savefig(file, format=kind, dpi=DPI, metadata=_stable(kind))
            written.append(path)
    return written


def _write_pages(file: Any, drawings: Sequence[Drawing], pages: Any) -> None:
    if pages is None:
        drawings[0][1]().savefig(file, format="png", dpi=DPI)
        return
    with pages(file, metadata=_stable("pdf")) as book:
        for _, draw in drawings:
            book.savefig(draw())


def _stable(kind: str) -> dict[str, None]:
    """Return what keeps the time out of a file, so that the same boards give the same bytes."""
    return {"CreationDate": None} if kind == "pdf" else {}


def list_drawings(boards: Sequence[Board]) -> Iterator[Drawing]:
    """Yield the k-shot curves and the costs of each board, and the ranks across datasets."""
    for board in boards:
        if board.has_no_ranking:
            continue
        name = _file_name(board.title)
        groups = group_by_shots(board)
        if groups:
            yield f"{name}_shots", lambda board=board: draw_curves(board)  # type: ignore[misc]
        if any(sum_seconds(row) for row in board.rows):
            yield f"{name}_cost", lambda board=board: draw_costs(board)  # type: ignore[misc]
    for task in dict.fromkeys(task for board in boards for task in board.tasks):
        found = rank_across(boards, task)
        if found is not None:
            yield (
                f"ranks_{_file_name(task)}",
                lambda found=found: make_rank_diagram(found),  # type: ignore[misc]
            )


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.=-]+", "_", text).strip("_")


def draw_curves(board: Board) -> "Figure":
    """Draw the metric by shots with bands of 95 %: the rows that the page shows by default."""
    groups = group_by_shots(board)
    drawn, panels = _panels(board, len(groups))
    for axes, (name, tasks) in zip(panels, groups.items(), strict=True):
        places = range(len(tasks))
        for at, row in enumerate(choose_curves(board, tasks)):
            held = [(p, row.cells[t]) for p, t in zip(places, tasks, strict=True) if t in row.cells]
            x, means = [p for p, _ in held], [cell.mean for _, cell in held]
            lows, highs = [cell.low for _, cell in held], [cell.high for _, cell in held]
            colour = COLOURS[at % len(COLOURS)]
            axes.fill_between(x, lows, highs, color=colour, alpha=0.12, linewidth=0)
            axes.plot(
                x, means, label=row.name, color=colour, marker=MARKERS[at % len(MARKERS)],
                linestyle=LINES[at % len(LINES)], markersize=4, linewidth=1.2,
            )  # fmt: skip
        levels = [board.chance(task) for task in tasks]
        if all(level is not None for level in levels):
            axes.plot(places, levels, color="0.5", linestyle=":", label="chance level")
        axes.set_xticks(list(places), [task.split("k=")[1] for task in tasks])
        axes.set(title=name, xlabel="shots k", ylabel=board.metric)
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "ncols": 3}
        axes.legend(fontsize=6, frameon=False, **below)
    return drawn


def draw_costs(board: Board) -> "Figure":
    """Draw the metric against the seconds of a run, a panel per task, with the Pareto front."""
    drawn, panels = _panels(board, len(board.tasks))
    for axes, task in zip(panels, board.tasks, strict=True):
        priced = [row for row in board.rows if task in row.cells and sum_seconds(row)]
        for at, family in enumerate(sorted({_family(row) for row in priced})):
            rows = [row for row in priced if _family(row) == family]
            axes.scatter(
                [sum_seconds(row) for row in rows], [row.cells[task].mean for row in rows], s=14,
                label=family, color=COLOURS[at % len(COLOURS)], marker=MARKERS[at % len(MARKERS)],
            )  # fmt: skip
        front = [row for row in find_front(board, task) if row in priced]
        x, y = [sum_seconds(row) for row in front], [row.cells[task].mean for row in front]
        axes.step(x, y, where="post", color="0.2", linewidth=0.8)
        for row, a, b in zip(front, x, y, strict=True):
            axes.annotate(row.name, (a, b), fontsize=5, xytext=(2, 2), textcoords="offset points")
        axes.set(title=task, xlabel="seconds", ylabel=board.metric, xscale="log")
    panels[0].legend(fontsize=6, frameon=False, loc="lower right")
    return drawn


def _family(row: Row) -> str:
    return "baseline" if row.reference else row.first.family.replace("_", " ")


def _panels(board: Board, count: int) -> tuple["Figure", list[Any]]:
    """Return a page with so many panels, two in a line."""
    from matplotlib.figure import Figure

    lines = -(-count // 2)
    drawn = Figure(figsize=(8, 0.5 + 3 * lines), layout="constrained")
    drawn.suptitle(board.title, fontsize="medium")
    panels = drawn.subplots(lines, min(count, 2), squeeze=False).ravel().tolist()
    for unused in panels[count:]:
        unused.set_axis_off()
    return drawn, panels[:count]
