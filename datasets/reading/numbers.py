"""Tables of numbers at the speed of a C parser; only a bad file pays for finding out where."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from ..interactions import NO_TIME
from .first_error import first_error
from .raw_bytes import read_raw
from .schema import Kind, NumberColumn

BLOCK = 1 << 17


def read_numbers(
    path: Path, columns: Sequence[NumberColumn], separator: str, stored: bytes | None = None
) -> dict[str, np.ndarray]:
    r"""Return the columns of a headerless table, strictly checked.

    Parameters
    ----------
    path
        The file, plain or gzipped.
    columns
        All columns of the file, in order.
    separator
        One character, or the same character twice: ``"\t"``, ``"::"``.
    stored
        The bytes of the file where they were read already.

    Returns
    -------
    dict
        By column name: uint32 for an ID, float32 for a NUMBER, int64 for a TIME (a blank one is
        ``NO_TIME``).

    Raises
    ------
    DataError
        With file, line, column and value of the first error.
    """
    content = read_raw(path, stored)
    try:
        return _parsed(content, columns, separator)
    except _SuspectError as suspect:
        problem = first_error(path, content, columns, separator)
        raise problem or DataError(str(suspect), path=path) from suspect


class _SuspectError(Exception):
    """The fast path met something that the slow pass has to locate."""


def _parsed(
    content: bytes, columns: Sequence[NumberColumn], separator: str
) -> dict[str, np.ndarray]:
    if content[-4:].count(b"\n") > 1:
        content = content.rstrip(b"\r\n")
    frame = _frame(content, columns, separator)
    _check_shape(content, frame, columns, separator)
    return {column.name: _checked(frame[column.name], column) for column in columns}


def _frame(content: bytes, columns: Sequence[NumberColumn], separator: str) -> Any:
    """Parse the table; of a doubled separator every other field is an empty one and is skipped."""
    import polars as pl

    types = {Kind.ID: pl.UInt32, Kind.NUMBER: pl.Float32, Kind.TIME: pl.Int64}
    schema: dict[str, Any] = {}
    for column in columns:
        if len(separator) > 1 and schema:
            schema[f"before {column.name}"] = pl.String
        schema[column.name] = types[column.kind]
    try:
        table = pl.scan_csv(
            io.BytesIO(content),
            separator=separator[0],
            has_header=False,
            quote_char=None,
            schema=schema,
        )
        return table.select(column.name for column in columns).collect()
    except pl.exceptions.PolarsError as error:
        raise _SuspectError(str(error).split("\n", 1)[0]) from error


def _check_shape(
    content: bytes, frame: Any, columns: Sequence[NumberColumn], separator: str
) -> None:
    """Refuse a table in which a row has too few or too many fields.

    The parser fills up short rows and cuts long ones. Where the required cells are there, no row
    is short; then the right number of separators says that none is long; and a doubled separator
    is never two that stand apart when the right number of neighbours are both separators.
    """
    for column in columns:
        if frame[column.name].null_count() and not column.blank:
            raise _SuspectError(f"column {column.name!r} has a missing value")
    found, pairs, open_ends = _count(content, separator[0])
    expected = (len(columns) - 1) * frame.height
    if found != expected * len(separator):
        raise _SuspectError("a row has too few or too many fields")
    if len(separator) > 1 and pairs != expected:
        raise _SuspectError(f"a row is not separated by {separator!r}")
    blanks = frame[columns[-1].name].null_count()
    if blanks and open_ends != blanks:
        raise _SuspectError("a row has too few fields")


def _count(content: bytes, mark: str) -> tuple[int, int, int]:
    """Return how often ``mark`` occurs, is followed by itself, and ends a line.

    Counted in blocks that stay in the processor's cache: whole-file arrays cost twice the time.
    """
    codes = np.frombuffer(content, dtype=np.uint8)
    single = double = last = 0
    for start in range(0, len(codes), BLOCK):
        block = codes[start : start + BLOCK + 1]
        at = block == ord(mark)
        follows = at[:-1]
        single += int(np.count_nonzero(at[:BLOCK]))
        double += int(np.count_nonzero(follows & at[1:]))
        ends = (block[1:] == ord("\n")) | (block[1:] == ord("\r"))
        last += int(np.count_nonzero(follows & ends))
    return single, double, last + content.endswith(mark.encode())


def _checked(series: Any, column: NumberColumn) -> np.ndarray:
    if series.null_count():
        series = series.fill_null(NO_TIME)
    values: np.ndarray = series.to_numpy()
    # Written so that NaN fails too.
    if column.kind is Kind.NUMBER and not (
        values.min() >= column.low and values.max() <= column.high and np.isfinite(values).all()
    ):
        raise _SuspectError(f"column {column.name!r} has a value out of range")
    return values
