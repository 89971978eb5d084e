"""``coldbench leaderboard --ladder``: what fine-tuning adds, a table for each dataset and task."""

import argparse
import sys
from collections.abc import Sequence

from ...datasets.errors import ColdbenchError
from ..config.overlays import read_experiments
from ..reports.board import Board
from ..reports.captions import make_title
from ..reports.ladder import FROZEN, build_ladder_grid, climb, describe_ladder, find_controls
from ..reports.ladder_diagram import draw_ladders
from ..reports.render import IN_MD, render_markdown_lines, render_table
from ..terminal.console import make_console, say
from ..terminal.foreign_text import escape_markdown

EXPERIMENT, LEAST = "ladder", 3
"""Whose methods are the rungs, from the bottom up, and how many of them make a ladder."""


def show_ladders(
    boards: Sequence[Board], everything: Sequence[Board], options: argparse.Namespace
) -> None:
    """Print the ladder of every leaderboard that has one.

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
    for board in boards:
        controls = find_controls(board, everything)
        for task in board.tasks:
            if options.task in (None, "all", task):
                rungs = climb(board, task, names, controls)
                if len(rungs) >= LEAST and any(one.name == FROZEN for one in rungs):
                    found.append((board, task, rungs))
    if not found:
        raise ColdbenchError(
            f"--ladder needs a leaderboard with {FROZEN} and two other rungs; make them with: "
            "coldbench run +experiment=ladder seed=0,1,2,3,4"
        )
    if options.diagram is not None:
        draw_ladders(found, names, options.diagram)
    for board, task, rungs in found:
        grid, title = build_ladder_grid(rungs, task, board.metric), make_title(board, task)
        notes = describe_ladder(board, task, names, rungs)
        if options.format == "md":
            lines = [f"### {escape_markdown(title)}", "", *render_markdown_lines(grid), ""]
            lines += [*(f"- {escape_markdown(one)}" for one in notes), "", ""]
            sys.stdout.write("\n".join(lines))
        else:
            out = make_console()
            say(out, title)
            out.print(render_table(grid, elsewhere=IN_MD))
            for one in notes:
                say(out, one)
