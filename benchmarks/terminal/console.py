"""The console of the commands: plain text and wide lines unless on a terminal."""

import os
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from .fitted_table import WIDER, FittedTable, TableColumn
from .foreign_text import strip_control

PLAIN_WIDTH = 240
"""Columns of a table that goes into a file or a pipe, where ``COLUMNS`` does not say."""


class SafeConsole(Console):
    """A console that removes control characters from texts."""

    def render_str(self, text: str, **options: Any) -> Text:  # type: ignore[override]
        """Return the text to print, its line breaks kept."""
        return super().render_str(strip_control(text, lines=True), **options)


def make_console() -> Console:
    """Return the console for results, on standard output."""
    return SafeConsole(file=sys.stdout, width=_width(), highlight=False, markup=False, emoji=False)


def _width() -> int | None:
    """Return ``COLUMNS``, else None for a terminal, which is measured, or a wide page."""
    stated = os.environ.get("COLUMNS", "")
    if stated.isdigit() and int(stated) > 0:
        return int(stated)
    return None if sys.stdout.isatty() else PLAIN_WIDTH


def say(out: Console, text: str) -> None:
    """Print sentences: between words on a screen, each on one line in a file or a pipe."""
    out.print(text, soft_wrap=not out.is_terminal)


def make_table(
    *columns: str | TableColumn, title: str | None = None, elsewhere: str = WIDER
) -> FittedTable:
    """Return an empty table with a line under its head and nothing else drawn.

    It is fitted to the screen when it is printed; see ``FittedTable``.
    """
    return FittedTable(columns, title, elsewhere)


def format_duration(seconds: float) -> str:
    """Return a time for people: ``8 s``, ``3 min``, ``1 h 20 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
