"""An error as a record tells it: one line, without the folders of this machine, with the remedy."""

import re
from pathlib import Path

from .time_limit import OutOfTime

_READ_ONLY = re.compile(r"read-?only|not writ(e)?able", re.IGNORECASE)
"""Cython's buffers, numpy and numba say it in these words."""


def advise(error: BaseException) -> str | None:
    """Return what the author of a method can do about an error; None when nothing is known."""
    if isinstance(error, (ValueError, TypeError)) and _READ_ONLY.search(str(error)):
        return (
            "the arrays that fit and score are given are read-only: hand the library a copy, "
            "for example train.interactions.csr.copy() or items.features.copy()"
        )
    return None


def describe_failure(error: BaseException) -> str:
    """Return an error that ended a run as one line: its type, its text and what to do about it."""
    text = hide_folders(" ".join(str(error).split()))
    if isinstance(error, OutOfTime):
        return text
    remedy = advise(error)
    return f"{type(error).__name__}: {text}" + (f"; {remedy}" if remedy else "")


def hide_folders(text: str) -> str:
    """Return a text in which the working folder is a dot and the home folder a tilde."""
    for folder, short in ((Path.cwd(), "."), (Path.home(), "~")):
        if len(folder.parts) > 1:
            text = text.replace(str(folder), short)
    return text
