"""The plot of a ladder: its values against the trained weights of the encoder, and against time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...datasets.atomic import replace_atomically
from ...datasets.errors import ColdbenchError
from .board import Board
from .ladder import FROZEN, Rung, count_trained
from .rank_diagram import FORMATS
from .rows import Cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRAINED, OTHER, LEVEL = "#0072b2", "#d55e00", "0.5"


def draw_ladder(board: Board, task: str, rungs: Sequence[Rung], path: Path) -> None:
    """Write the plot of a ladder; the same values give the same SVG file, to the last byte.

    Parameters
    ----------
    path
        Its ending, one of ``FORMATS``, says what is written.

    Raises
    ------
    ColdbenchError
        For another ending, or without the extra ``plots``.
    """
    if path.suffix not in FORMATS:
        raise ColdbenchError(
            f"--diagram {path} must end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        )
    made = {"Date": None} if path.suffix == ".svg" else {}
    with _plain_text(), replace_atomically(path) as file:
        make_ladder_figure(board, task, rungs).savefig(file, format=path.suffix[1:], metadata=made)


def make_ladder_figure(board: Board, task: str, rungs: Sequence[Rung]) -> "Figure":
    """Return the plot as matplotlib draws it.

    Left the rungs with towers by the weights of the encoder that they train, the others as levels;
    right every rung by the seconds of its fit. Bars are 95 % intervals over the draws.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.5), layout="constrained")
    left, right, names = figure.subplots(1, 3, width_ratios=(4, 4, 2))
    frozen = next((one for one in rungs if one.name == FROZEN), None)
    # The layers above the encoder are trained on every rung; the least has none of the encoder's.
    base = 0.0 if frozen is None else count_trained(frozen.row)
    for number, rung in enumerate(rungs, 1):
        cell, seconds = rung.row.cells[task], rung.row.cost("fit_seconds")
        inside = frozen is not None and rung.row.first.method == frozen.row.first.method
        colour = TRAINED if inside else OTHER
        if inside:
            _mark(left, number, cell, max(0.0, count_trained(rung.row) - base), colour)
        else:
            left.axhline(cell.mean, color=colour, linewidth=0.8, linestyle="--")
            left.annotate(str(number), (1, cell.mean), xycoords=("axes fraction", "data"),
                          fontsize=7, color=colour, xytext=(2, -2), textcoords="offset points",
                          annotation_clip=False)  # fmt: skip
        if seconds is not None:
            _mark(right, number, cell, max(seconds, 0.01), colour)
        names.text(0, 1 - number / (len(rungs) + 2), f"{number}  {rung.name}", fontsize=7,
                   color=colour, transform=names.transAxes)  # fmt: skip
    names.set_axis_off()
    chance = board.chance(task)
    if chance is not None:
        for axes in (left, right):
            axes.axhline(chance, color=LEVEL, linewidth=0.8, linestyle=":")
        names.text(0, 0, "dotted: chance level", fontsize=7, color=LEVEL, transform=names.transAxes)
    left.set_xscale("symlog", linthresh=1000)
    left.set(xlabel="trained weights of the encoder", ylabel=board.metric)
    left.set_xlim(left=-300)
    right.set(xlabel="seconds of a fit", xscale="log", ylim=left.get_ylim())
    figure.suptitle(f"{board.title}: {task}", fontsize="small")
    return figure


def _mark(axes: Any, number: int, cell: Cell, x: float, colour: str) -> None:
    ends = [[cell.mean - cell.low], [cell.high - cell.mean]]
    axes.errorbar([x], [cell.mean], yerr=ends, fmt="o", markersize=4, linewidth=0.6, color=colour)
    axes.annotate(str(number), (x, cell.mean), fontsize=7, xytext=(3, 3),
                  textcoords="offset points")  # fmt: skip


@contextmanager
def _plain_text() -> Iterator[None]:
    """Keep letters as letters in an SVG file; refuse without the extra."""
    try:
        import matplotlib
    except ImportError as error:
        raise ColdbenchError(
            f"the plot of a ladder needs {error.name}; install it with: "
            "pip install 'coldbench[plots]'"
        ) from error
    with matplotlib.rc_context({"svg.hashsalt": "coldbench", "svg.fonttype": "none"}):
        yield
