"""``coldbench leaderboard --ladder``: what fine-tuning adds, a table for each dataset and task."""

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ...datasets.errors import ColdbenchError
from ..config.overlays import read_experiments
from ..plugins.registry import describe_unknown
from ..reports.board import Board
from ..reports.captions import make_title
from ..reports.controls import find_controls, leave_out_controls
from ..reports.ladder import FROZEN, build_ladder_grid, climb, describe_ladder
from ..reports.ladder_diagram import Ladder, draw_ladders
from ..reports.ladder_summary import NOTE, build_ladder_summary
from ..reports.render import render_markdown_lines, show_grid
from ..reports.rung_rows import list_settings, read_setting
from ..reports.table_grids import TableGrid
from ..reports.tracks import group_by_track
from ..terminal.console import make_console
from ..terminal.foreign_text import escape_markdown

EXPERIMENT, LEAST = "ladder", 3
"""Whose methods are the rungs, from the bottom up, and how many of them make a ladder."""
TOWERS = "ladder_towers"
"""The experiment with rungs that share their settings, so that these can be changed."""


def show_ladders(
    boards: Sequence[Board], everything: Sequence[Board], options: argparse.Namespace
) -> None:
    """Print the ladder of every leaderboard that has one, of each track by itself.

    Parameters
    ----------
    boards
        What was asked for.
    everything
        All leaderboards of the folder, among them those of the controls.

    Raises
    ------
    ColdbenchError
        When no leaderboard has so many rungs.
    """
    if options.format == "csv":
        raise ColdbenchError("--ladder has --format table or md; csv has every value without it")
    found, names = [], read_experiments()[EXPERIMENT].methods
    typed = _list_typed(options.changed)
    changed = _read_settings(typed, boards, names)
    told = "".join(f", {name}={text}" for name, text in typed.items())
    others = group_by_track(everything)
    for track, held in group_by_track(boards).items():
        for board in held:
            controls = find_controls(board, others[track])
            for task in board.tasks:
                if options.task in (None, "all", task):
                    rungs = climb(board, task, names, controls, changed)
                    if len(rungs) >= LEAST and any(one.name == FROZEN for one in rungs):
                        found.append((board, task, rungs))
    if not found:
        raise ColdbenchError(
            f"--ladder needs a leaderboard with {FROZEN}{told} and two other rungs; make them "
            f"with: coldbench run {_make_words(typed)} seed=0,1,2,3,4"
        )
    if options.diagram is not None:
        draw_ladders(found, names, options.diagram, told)
    for together in _find_comparable(found):
        board, task, _ = together[0]
        title = f"{board.scenario}: {board.metric} in {task}, the rungs less {FROZEN}{told}"
        _show(title, build_ladder_summary(together, names), [NOTE], options.format)
    for board, task, rungs in found:
        grid = build_ladder_grid(rungs, task, board.metric)
        title = f"{make_title(board, task)}{told}"
        _show(title, grid, describe_ladder(board, task, names, rungs), options.format)


def _list_typed(words: Sequence[str]) -> dict[str, str]:
    """Return what ``--with`` gives to each setting; of a name that is repeated the last."""
    found = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not (name and sign and text):
            raise ColdbenchError(f"--with takes NAME=VALUE, as in --with max_steps=4000: {word!r}")
        found[name] = text
    return found


def _read_settings(
    typed: Mapping[str, str], boards: Sequence[Board], names: Sequence[str]
) -> dict[str, Any]:
    """Return the values of settings, which some rung of a leaderboard must have."""
    known = list_settings(boards, names)
    for name in typed:
        if name not in known:
            raise ColdbenchError(describe_unknown("setting of a rung", name, known))
    return {name: read_setting(text) for name, text in typed.items()}


def _make_words(typed: Mapping[str, str]) -> str:
    """Return what runs the ladder with some settings, which its first rungs do not have."""
    if not typed:
        return f"+experiment={EXPERIMENT}"
    words = [shlex.quote(f"method.{name}={text}") for name, text in typed.items()]
    return " ".join([f"+experiment={TOWERS}", *words])


def _find_comparable(found: Sequence[Ladder]) -> list[list[Ladder]]:
    """Return the ladders of one scenario, track, task and metric that several datasets have.

    Without those of other texts, which stand next to the rungs of their dataset.
    """
    groups: dict[tuple[str | None, ...], list[Ladder]] = {}
    datasets = {id(board) for board in leave_out_controls([board for board, _, _ in found])}
    for board, task, rungs in found:
        if id(board) in datasets:
            key = (board.scenario, board.rows[0].first.track, task, board.metric)
            groups.setdefault(key, []).append((board, task, rungs))
    return [
        held for held in groups.values() if 1 < len(held) == len({one[0].dataset for one in held})
    ]


def _show(title: str, grid: TableGrid, notes: Sequence[str], form: str) -> None:
    if form == "md":
        lines = [f"### {escape_markdown(title)}", "", *render_markdown_lines(grid), ""]
        lines += [*(f"- {escape_markdown(one)}" for one in notes), "", ""]
        sys.stdout.write("\n".join(lines))
    else:
        show_grid(title, grid, notes, make_console())
