"""A sentence on standard error, for a person or a log."""

import sys

from .foreign_text import strip_control


def complain(text: str) -> None:
    """Write one sentence to standard error, in red on a terminal.

    It may quote a plugin or a file: control characters are removed.
    """
    text = strip_control(text, lines=True)
    red, end = ("\033[31m", "\033[0m") if sys.stderr.isatty() else ("", "")
    sys.stderr.write(f"{red}{text}{end}\n")
