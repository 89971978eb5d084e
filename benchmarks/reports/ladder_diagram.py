"""The plot of ladders: values against the trained weights of the encoder, and against time."""

from collections.abc import Sequence
from math import ceil, isfinite, log10
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
SIGNS = {"shuffled": ("x", "\u00d7"), "attributes": ("+", "+")}
REST = ("2", "Y")
"""How a rung with other texts is marked in the plot, and in its legend."""
LEAST = 1000
"""Up to so many trained weights the axis is linear, from 0 on."""


def draw_ladders(
    ladders: Sequence[Ladder], names: Sequence[str], path: Path, settings: str = ""
) -> None:
    """Write the plot of some ladders; the same values give the same SVG file, to the last byte.

    Parameters
    ----------
    ladders
        Each with its leaderboard and its task, drawn below each other.
    names
        All rungs, from the bottom up: their numbers in the plot.
    path
        Its ending, one of ``FORMATS``, says what is written.
    settings
        What the titles say of the settings of the runs.

    Raises
    ------
    ColdbenchError
        For another ending, or without the extra ``plots``.
    """
    write_plot(lambda: make_figure(ladders, names, settings), path, "the plot of a ladder")


def make_figure(ladders: Sequence[Ladder], names: Sequence[str], settings: str = "") -> "Figure":
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
        base, mean, most = count_trained(frozen.row), frozen.row.cells[task].mean, float(LEAST)
        right.sharey(left)
        entries = []
        for rung in rungs:
            number, seconds = names.index(rung.name) + 1, rung.row.cost("fit_seconds")
            level = mean if rung.added is None else mean + rung.added.mean
            half = 0.0 if rung.added is None else rung.added.half
            inside = rung.row.first.method == frozen.row.first.method
            colour = TRAINED if inside else OTHER
            if inside:
                x = max(0.0, count_trained(rung.row) - base)
                most = max(most, x)
                _mark(left, number, x, level, half, colour)
                _mark_controls(left, x, level, rung)
            else:
                left.axhline(level, color=colour, linewidth=0.8, linestyle="--")
                left.annotate(str(number), (1, level), xycoords=("axes fraction", "data"),
                              fontsize=7, color=colour, xytext=(2, -2),
                              textcoords="offset points", annotation_clip=False)  # fmt: skip
            if seconds is not None:
                _mark(right, number, max(seconds, 0.01), level, half, colour)
            entries.append((f"{number}  {rung.name}", colour))
        for name in sorted({one for rung in rungs for one in rung.controls}):
            entries.append((f"{SIGNS.get(name, REST)[1]}  {name}", TRAINED))
        if (chance := board.chance(task)) is not None:
            entries.append(("dotted: chance level", LEVEL))
            for axes in (left, right):
                axes.axhline(chance, color=LEVEL, linewidth=0.8, linestyle=":")
        legend.set_axis_off()
        for line, (text, colour) in enumerate(entries, 1):
            legend.text(0, 1 - line / (len(entries) + 1), text, fontsize=7, color=colour,
                        transform=legend.transAxes)  # fmt: skip
        _name_axes(board, f"{task}{settings}", most, left, right)
    return figure


def _mark_controls(axes: Any, x: float, level: float, rung: Rung) -> None:
    """Mark the rung with other texts as far below it as its own texts add."""
    for name, control in rung.controls.items():
        if control.gain is not None:
            marker = SIGNS.get(name, REST)[0]
            axes.plot([x], [level - control.gain.mean], marker, color=TRAINED, markersize=5)


def _name_axes(board: Board, task: str, most: float, left: Any, right: Any) -> None:
    """Say what the axes are; a rung trains at most so many weights."""
    left.set_xscale("symlog", linthresh=LEAST)
    left.set_xticks([0, *(10**n for n in range(3, 1 + ceil(log10(most))))])
    left.set(xlabel="trained weights of the encoder", ylabel=board.metric)
    left.set_title(f"{board.title}: {task}", fontsize="small", loc="left")
    left.set_xlim(-300, 2 * most)
    right.set(xlabel="seconds of a fit", xscale="log")


def _mark(axes: Any, number: int, x: float, level: float, half: float, colour: str) -> None:
    shown = half if isfinite(half) else 0.0
    axes.errorbar([x], [level], yerr=[shown], fmt="o", markersize=4, linewidth=0.6, color=colour)
    axes.annotate(str(number), (x, level), fontsize=7, xytext=(3, 3),
                  textcoords="offset points")  # fmt: skip
