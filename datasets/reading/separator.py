"""The separator of a CSV: inferred from its header, which must hold the needed columns."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

from ..errors import DataError
from .csv_rows import check_header

NAMES = {",": "commas", ";": "semicolons", "\t": "tabs"}
"""The separators that are tried, and what they are called."""


def name_separator(separator: str) -> str:
    """Return what a separator is called, for people."""
    return NAMES.get(separator, repr(separator))


def choose_separator(
    path: Path, content: bytes, given: str | None, fits: Callable[[list[str]], bool]
) -> tuple[str, list[str]]:
    r"""Return the separator of a CSV and the names of its columns.

    What is given is taken. Else a tab for ``.tsv`` and a comma for any other name, unless the
    header fits only under another separator.

    Parameters
    ----------
    path
        For its name and for messages.
    content
        UTF-8, beginning with the header.
    given
        One character, or ``\t`` as it is typed; None to find it.
    fits
        Says of the names in a header whether they are those of such a table.

    Raises
    ------
    DataError
        A separator of several characters; a column twice.
    """
    given = "\t" if given in ("\\t", "tab") else given
    if given is not None and len(given.encode()) != 1:
        raise DataError(
            f"separator {given!r} is not one character",
            path=path,
            remedy="a CSV has one character between fields: leave dataset.separator out to find it",
        )
    promised = "\t" if ".tsv" in path.suffixes else ","
    tried = [given] if given is not None else [promised, *(m for m in NAMES if m != promised)]
    headers = {mark: _header(path, content, mark) for mark in tried}
    fitting = [mark for mark, names in headers.items() if fits(names)]
    # None fits: the error that follows reads best with the columns distinguished.
    chosen = fitting[0] if fitting else max(tried, key=lambda mark: len(headers[mark]))
    check_header(path, headers[chosen], ())
    return chosen, headers[chosen]


def _header(path: Path, content: bytes, separator: str) -> list[str]:
    line = content.split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
    try:
        return next(csv.reader(io.StringIO(line), delimiter=separator))
    except (csv.Error, StopIteration) as error:
        raise DataError(
            f"the header cannot be read ({error or 'it is empty'})", path=path, line=1
        ) from None
