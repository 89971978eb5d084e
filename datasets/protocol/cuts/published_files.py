"""The files of a published split: content, columns and rows, refused with file and line."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...arrays import BoolArray, TextArray
from ...errors import DataError
from ...reading.compression import decompress
from ...reading.raw_bytes import find_file, read_stored_bytes

REMEDY = "use the dataset that the split was made from, and its files unchanged"


@dataclass(frozen=True)
class Rows:
    """The rows of one file.

    Attributes
    ----------
    path
        The file.
    users, items
        Original ids as text, (rows,); row 0 is line 2, below the header.
    """

    path: Path
    users: TextArray
    items: TextArray

    def refuse(self, wrong: BoolArray, problem: str) -> None:
        """Raise ``DataError`` with the first row of the mask ``wrong``, if there is one."""
        if wrong.any():
            at = int(np.argmax(wrong))
            raise DataError(
                f"user {str(self.users[at])!r}, item {str(self.items[at])!r}: the row {problem}",
                path=self.path,
                line=2 + at,
                remedy=REMEDY,
            )


def read_content(folder: Path, name: str) -> tuple[Path, bytes]:
    """Return the path and the uncompressed bytes of a file or of its ``.gz``.

    Raises
    ------
    DataError
        When neither is there, or the compression is damaged or a bomb.
    """
    path = find_file(folder, name)
    if path is None:
        raise DataError(
            "no such file (nor with .gz)",
            path=folder / name,
            remedy="give files= the folder of the split",
        )
    return path, decompress(path, read_stored_bytes(path))


def read_pairs(path: Path, content: bytes, columns: tuple[str, str]) -> Rows:
    """Read a comma-separated file whose header names a user and an item column.

    Raises
    ------
    DataError
        For text that is not UTF-8, a missing column, or a row with another number of fields.
    """
    lines = _lines(path, content)
    header = lines[0].split(",") if lines else []
    for column in columns:
        if column not in header:
            raise DataError(
                f"the header {','.join(header)!r} has no such column",
                path=path,
                line=1,
                column=column,
                remedy=f"the header must name the columns {columns[0]} and {columns[1]}",
            )
    fields = [line.split(",") for line in lines[1:]]
    widths = np.fromiter((len(row) for row in fields), dtype=np.int64, count=len(fields))
    if (widths != len(header)).any():
        at = int(np.argmax(widths != len(header)))
        raise DataError(
            f"{lines[1 + at]!r} has {widths[at]} fields, the header has {len(header)}",
            path=path,
            line=2 + at,
            remedy="correct or remove the row",
        )
    users, items = (header.index(column) for column in columns)
    return Rows(
        path,
        np.array([row[users] for row in fields], dtype=np.str_),
        np.array([row[items] for row in fields], dtype=np.str_),
    )


def _lines(path: Path, content: bytes) -> list[str]:
    try:
        lines = content.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"byte {content[error.start]:#04x} is not UTF-8",
            path=path,
            line=line,
            remedy="save the file as UTF-8",
        ) from error
    return lines[:-1] if lines[-1] == "" else lines
