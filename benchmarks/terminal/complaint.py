"""A sentence on standard error, for a person or a log."""

import sys

from .foreign_text import without_control


def complain(text: str) -> None:
    """Write one sentence to standard error, in red where a person reads it.

    It may quote a plugin or a file: what would steer the terminal is taken out.
    """
    text = without_control(text, lines=True)
    red, end = ("\033[31m", "\033[0m") if sys.stderr.isatty() else ("", "")
    sys.stderr.write(f"{red}{text}{end}\n")
