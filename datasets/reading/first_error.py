"""The slow pass over a table that the fast path refused: which line, which column, which value."""

from collections.abc import Sequence
from pathlib import Path

from ..errors import DataError
from .schema import NumberColumn


def first_error(
    path: Path, content: bytes, columns: Sequence[NumberColumn], separator: str
) -> DataError | None:
    """Return the error of the first offending line, or None when every line is as it should be."""
    layout = separator.join(column.name for column in columns)
    lines = content.rstrip(b"\r\n").split(b"\n")
    for number, raw in enumerate(lines, start=1):
        try:
            line = raw.rstrip(b"\r").decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            return _not_text(path, number, raw, error)
        cells = line.split(separator)
        if len(cells) != len(columns):
            return DataError(
                f"{line!r} has {len(cells)} fields where {len(columns)} are expected",
                path=path,
                line=number,
                remedy=f"each line reads {layout!r}",
            )
        for column, cell in zip(columns, cells, strict=True):
            problem = column.problem(cell)
            if problem:
                return DataError(
                    problem,
                    path=path,
                    line=number,
                    column=column.name,
                    remedy=f"each line reads {layout!r}",
                )
    return None


def _not_text(path: Path, line: int, raw: bytes, error: UnicodeDecodeError) -> DataError:
    return DataError(
        f"byte 0x{raw[error.start]:02x} at position {error.start + 1} is not UTF-8",
        path=path,
        line=line,
        remedy="give the original file: a table of numbers holds no such byte",
    )
