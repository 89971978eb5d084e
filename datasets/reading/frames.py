"""Tables of any size with named columns, from CSV or Parquet, strictly checked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from .compression import decompress, detect_compression
from .csv_rows import check_header, read_csv_rows
from .parquet import MAGIC, convert_column, read_parquet
from .raw_bytes import read_stored_bytes, refuse_empty
from .schema import Kind, NumberColumn
from .separator import choose_separator, name_separator
from .text_encoding import ORIGINAL, recode_to_utf8


@dataclass(frozen=True)
class Form:
    """How a CSV is written, as far as who gives it says so.

    Attributes
    ----------
    separator
        None is inferred from the header.
    encoding
        None is UTF-8, or what a byte order mark says.
    remedy
        What to do about a byte that is not in the encoding.
    """

    separator: str | None = None
    encoding: str | None = None
    remedy: str = ORIGINAL


@dataclass(frozen=True)
class OpenTable:
    """A file whose header is read.

    Attributes
    ----------
    path
        The file.
    names
        Its columns.
    description
        How it is written, for people: ``CSV (gzip, latin-1, semicolons)``.
    content, separator
        Of a CSV, in UTF-8; empty for Parquet.
    frame
        Of a Parquet; None for CSV.
    """

    path: Path
    names: list[str]
    description: str
    content: bytes = b""
    separator: str = ""
    frame: Any = None

    def checked(self, columns: Sequence[NumberColumn]) -> Any:
        """Return the table as a polars DataFrame whose ``columns`` are checked.

        What is not named among the columns is text in a CSV, and as it is in Parquet. A MOMENT is
        left as it is written.

        Raises
        ------
        DataError
            With file, line, column and value.
        """
        check_header(self.path, self.names, [c.name for c in columns if not c.absent])
        present = [column for column in columns if column.name in self.names]
        if self.frame is not None:
            cast = [convert_column(self.path, self.frame[c.name], c) for c in present]
            frame, suspect = self.frame.with_columns(cast), None
        else:
            frame, suspect = _parsed(self.content, self.names, present, self.separator)
        suspect = suspect or _first_problem(frame, present)
        # A row that is too short reads as one whose last cells are empty.
        if self.frame is None and (suspect or frame[self.names[-1]].null_count()):
            self._locate(present)
        if suspect:
            raise DataError(suspect, path=self.path)
        return frame

    def line(self, row: int) -> int | None:
        """Return the line on which a row (from 0) ends; None in Parquet."""
        if self.frame is not None:
            return None
        rows = read_csv_rows(self.path, (), self.separator, content=self.content)
        return next((one.line for at, one in enumerate(rows) if at == row), None)

    def _locate(self, columns: Sequence[NumberColumn]) -> None:
        """Raise the error of the first offending line of a CSV, if there is one."""
        for row in read_csv_rows(self.path, (), self.separator, content=self.content):
            for column in columns:
                problem = column.problem(row[column.name])
                if problem:
                    raise row.error(problem, column.name)


def open_table(
    path: Path,
    form: Form,
    fits: Callable[[list[str]], bool],
    stored: bytes | None = None,
) -> OpenTable:
    """Read a file as far as its header.

    Parameters
    ----------
    path
        CSV with a header, or Parquet; plain or compressed.
    form
        How the CSV is written.
    fits
        Says of the names in a header whether they are those of such a table: the separator is the
        one under which they are.
    stored
        The bytes of the file where they were read already.

    Raises
    ------
    DataError
        It cannot be read, is empty, damaged, in another encoding; a column comes twice.
    """
    stored = read_stored_bytes(path) if stored is None else stored
    packing = detect_compression(stored[:8])
    content = decompress(path, stored)
    if content.startswith(MAGIC):
        frame = read_parquet(path, content)
        return OpenTable(path, frame.columns, _described("Parquet", packing), frame=frame)
    refuse_empty(path, content)
    content, encoding = recode_to_utf8(path, content, form.encoding, form.remedy)
    separator, names = choose_separator(path, content, form.separator, fits)
    description = _described("CSV", packing, encoding, name_separator(separator))
    return OpenTable(path, names, description, content, separator)


def _described(what: str, *marks: str | None) -> str:
    return f"{what} ({', '.join(mark for mark in marks if mark)})" if any(marks) else what


def read_frame(
    path: Path,
    columns: Sequence[NumberColumn],
    separator: str | None = None,
    stored: bytes | None = None,
) -> Any:
    """Return the file as a polars DataFrame whose ``columns`` are checked; others are untouched.

    Parameters
    ----------
    path
        CSV (UTF-8, with a header) or Parquet, plain or compressed.
    columns
        What to check. What is not named is taken as text.
    separator
        Of a CSV; None is inferred from the header.
    stored
        The bytes of the file where they were read already.

    Returns
    -------
    polars.DataFrame
        NAME columns as String, NUMBER as Float64, TIME as Int64 with nulls where empty; further
        columns of a CSV as String.

    Raises
    ------
    DataError
        With file, line, column and value.
    """
    needed = {column.name for column in columns if not column.absent}
    return open_table(path, Form(separator), needed.issubset, stored).checked(columns)


def _parsed(
    content: bytes, names: list[str], columns: Sequence[NumberColumn], separator: str
) -> tuple[Any, str | None]:
    import polars as pl

    schema: dict[str, Any] = dict.fromkeys(names, pl.String)
    schema.update({column.name: column.kind.dtype for column in columns})
    try:
        return pl.read_csv(content, separator=separator, schema=schema), None
    except pl.exceptions.PolarsError as error:
        return None, str(error).split("\n", 1)[0]


def _first_problem(frame: Any, columns: Sequence[NumberColumn]) -> str | None:
    if not frame.height:
        return "the table has no rows"
    for column in columns:
        series = frame[column.name]
        if series.null_count() and not column.blank:
            at = int(series.is_null().arg_max()) + 1
            return f"row {at}, column {column.name!r}: the value is missing"
        if column.kind is Kind.NAME and bool((series == "").any()):
            at = int((series == "").arg_max()) + 1
            return f"row {at}, column {column.name!r}: the value is empty"
        if column.kind is Kind.NUMBER:
            values = series.drop_nulls().to_numpy()
            bad = ~((values >= column.low) & (values <= column.high) & (np.abs(values) <= 3.4e38))
            if bad.any():
                value, place = values[bad][0], int(np.flatnonzero(bad)[0]) + 1
                limits = f"{column.low:g}..{column.high:g}"
                return f"row {place}, column {column.name!r}: {value:g} is outside {limits}"
    return None
