"""A leaderboard in Python: printed as the command prints it, or as rows for a data frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO

from .board import Board
from .render import csv_lines, render_markdown, show_board

WIDTH = 160


@dataclass(frozen=True)
class Leaderboard:
    """The boards of some records; ``print`` shows them, a notebook draws them.

    Attributes
    ----------
    boards
        One for each dataset, scenario and setting of the evaluation.
    """

    boards: tuple[Board, ...]

    @property
    def rows(self) -> list[Mapping[str, object]]:
        """A dict per task and method, as in ``coldbench leaderboard --format csv``."""
        return list(csv_lines(self.boards, None))

    def __str__(self) -> str:
        """Return the boards as text."""
        from ..terminal.console import SafeConsole

        text = StringIO()
        out = SafeConsole(file=text, width=WIDTH, highlight=False, markup=False, emoji=False)
        for board in self.boards:
            show_board(board, None, out)
        return text.getvalue()

    def _repr_markdown_(self) -> str:
        return "\n".join(render_markdown(board, None) for board in self.boards)
