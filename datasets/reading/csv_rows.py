"""Tables whose first line names the columns: CSV, row by row or whole, and Parquet."""

import csv
import io
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError
from .compression import detect_compression
from .raw_bytes import read_raw
from .text_rows import TextRow


def read_csv_rows(
    path: Path,
    required: Sequence[str],
    separator: str = ",",
    fallback: str | None = None,
    content: bytes | None = None,
) -> Iterator[TextRow]:
    """Yield the rows of a small CSV file with a header.

    Parameters
    ----------
    path
        The file, plain or compressed, in UTF-8.
    required
        Column names that must be there.
    separator
        One character.
    fallback
        Encoding to use when the file is not UTF-8; None refuses it.
    content
        The unpacked bytes of the file where they were read already.

    Raises
    ------
    DataError
        A missing or repeated column, a row with another number of fields, a wrong encoding.
    """
    reader = csv.reader(
        io.StringIO(_decoded(path, fallback, content), newline=""), delimiter=separator
    )
    names = next(reader)
    check_header(path, names, required)
    for cells in _records(path, reader):
        if len(cells) != len(names):
            line = separator.join(cells)
            raise DataError(
                f"{line!r} has {len(cells)} fields where {len(names)} are expected",
                path=path,
                line=reader.line_num,
                remedy=f"the header reads {separator.join(names)!r}",
            )
        yield TextRow(cells, names, path, reader.line_num)


def _records(path: Path, reader: Any) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise DataError(
            f"cannot be read as CSV ({error})",
            path=path,
            line=reader.line_num,
            remedy="quote fields that hold separators, quotes or line ends",
        ) from None


def check_header(path: Path, names: Sequence[str], required: Sequence[str]) -> None:
    """Refuse a header that lacks a required column or names one twice."""
    for name in names:
        if list(names).count(name) > 1:
            raise DataError(f"column {name!r} appears twice", path=path, line=1)
    for name in required:
        if name not in names:
            raise DataError(
                f"column {name!r} is missing; the columns are {', '.join(names)}",
                path=path,
                line=1,
                remedy=f"name a column {name!r} in the first line",
            )


def _decoded(path: Path, fallback: str | None, content: bytes | None) -> str:
    content = read_raw(path) if content is None else content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if fallback is not None:
            return content.decode(fallback)
        raise DataError(
            f"byte 0x{content[error.start]:02x} is not UTF-8",
            path=path,
            line=content.count(b"\n", 0, error.start) + 1,
            remedy=_to_utf8(path),
        ) from None


def _to_utf8(path: Path) -> str:
    """Return what to do about a file that is not in UTF-8."""
    with path.open("rb") as file:
        if detect_compression(file.read(8)):
            return "give the original file"
    name = shlex.quote(path.name)
    return (
        "give the original file, or convert this one in its folder, if it is in Latin-1: "
        f"`iconv -f LATIN1 -t UTF-8 {name} > utf8.part && mv utf8.part {name}`"
    )
