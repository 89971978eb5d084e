"""The plot of ladders: values against the trained weights of the encoder, and against time."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .board import Board
from .ladder import FROZEN, Rung, count_trained
from .plot_file import write_plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Ladder = tuple[Board, str, Sequence[Rung]]
"""A leaderboard, a task, and its rungs."""
TRAINED, OTHER, LEVEL = "#0072b2", "#d55e00", "0.5"


def draw_ladders(ladders: Sequence[Ladder], names: Sequence[str], path: Path) -> None:
    """Write the plot of some ladders; the same values give the same SVG file, to the last byte.

    Parameters
    ----------
    ladders
        Each with its leaderboard and its task, drawn below each other.
    names
        All rungs, from the bottom up: their numbers in the plot.
    path
        Its ending, one of ``FORMATS``, says what is written.

    Raises
    ------
    ColdbenchError
        For another ending, or without the extra ``plots``.
    """
    write_plot(lambda: make_figure(ladders, names), path, "the plot of a ladder")


def make_figure(ladders: Sequence[Ladder], names: Sequence[str]) -> "Figure":
    """Return the plot as matplotlib draws it.

    Left the rungs with towers by the weights of the encoder that they train, the others as levels;
    right every rung by the seconds of its fit. A rung lies as far from the frozen towers as its
    paired difference says, with the 95 % interval of that: rungs may have other draws.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 0.5 + 4 * len(ladders)), layout="constrained")
    panels = figure.subplots(len(ladders), 3, width_ratios=(4, 4, 2), squeeze=False)
    for (board, task, rungs), (left, right, legend) in zip(ladders, panels, strict=True):
        frozen = next(one for one in rungs if one.name == FROZEN)
        # The layers above the encoder are trained on every rung; the least has none of its own.
        base, mean = count_trained(frozen.row), frozen.row.cells[task].mean
        right.sharey(left)
        for place, rung in enumerate(rungs, 1):
            number, seconds = names.index(rung.name) + 1, rung.row.cost("fit_seconds")
            level = mean if rung.added is None else mean + rung.added.mean
            half = 0.0 if rung.added is None else rung.added.half
            inside = rung.row.first.method == frozen.row.first.method
            colour = TRAINED if inside else OTHER
            if inside:
                x = max(0.0, count_trained(rung.row) - base)
                _mark(left, number, x, level, half, colour)
            else:
                left.axhline(level, color=colour, linewidth=0.8, linestyle="--")
                left.annotate(str(number), (1, level), xycoords=("axes fraction", "data"),
                              fontsize=7, color=colour, xytext=(2, -2),
                              textcoords="offset points", annotation_clip=False)  # fmt: skip
            if seconds is not None:
                _mark(right, number, max(seconds, 0.01), level, half, colour)
            legend.text(0, 1 - place / (len(rungs) + 2), f"{number}  {rung.name}", fontsize=7,
                        color=colour, transform=legend.transAxes)  # fmt: skip
        legend.set_axis_off()
        _finish(board, task, left, right, legend)
    return figure


def _finish(board: Board, task: str, left: Any, right: Any, legend: Any) -> None:
    """Draw the chance level, and say what the axes are."""
    chance = board.chance(task)
    if chance is not None:
        for axes in (left, right):
            axes.axhline(chance, color=LEVEL, linewidth=0.8, linestyle=":")
        legend.text(0, 0, "dotted: chance level", fontsize=7, color=LEVEL,
                    transform=legend.transAxes)  # fmt: skip
    left.set_xscale("symlog", linthresh=1000)
    left.set(xlabel="trained weights of the encoder", ylabel=board.metric)
    left.set_title(f"{board.title}: {task}", fontsize="small", loc="left")
    left.set_xlim(left=-300)
    right.set(xlabel="seconds of a fit", xscale="log")


def _mark(axes: Any, number: int, x: float, level: float, half: float, colour: str) -> None:
    shown = half if isfinite(half) else 0.0
    axes.errorbar([x], [level], yerr=[shown], fmt="o", markersize=4, linewidth=0.6, color=colour)
    axes.annotate(str(number), (x, level), fontsize=7, xytext=(3, 3),
                  textcoords="offset points")  # fmt: skip
