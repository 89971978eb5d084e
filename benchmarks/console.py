"""Where the commands write: plain text and wide lines unless a person is looking."""

import sys

from rich.console import Console
from rich.table import Table

PLAIN_WIDTH = 240
"""Columns of a table that goes into a file or a pipe."""


def console() -> Console:
    """Return the console for results, on standard output."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)


def table(*columns: str, title: str | None = None) -> Table:
    """Return an empty table with a line under its head and nothing else drawn."""
    from rich import box

    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def duration(seconds: float) -> str:
    """Return a time for people: ``8 s``, ``3 min``, ``1 h 20 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
