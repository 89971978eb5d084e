"""Tables of any size with named columns, from CSV or Parquet, strictly checked."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from .columns import Column, Kind
from .raw import read_raw, stored_bytes
from .tables import check_header, read_csv_rows

PARQUET_MAGIC = b"PAR1"


def separator_of(path: Path) -> str:
    """Return the separator that a file name promises: a tab for ``.tsv``, else a comma."""
    return "\t" if ".tsv" in path.suffixes else ","


def read_frame(
    path: Path,
    columns: Sequence[Column],
    separator: str | None = None,
    stored: bytes | None = None,
) -> Any:
    """Return the file as a polars DataFrame whose ``columns`` are checked; others are untouched.

    Parameters
    ----------
    path
        CSV (plain or gzipped, UTF-8, with a header) or Parquet.
    columns
        What to check. What is not named is taken as text.
    separator
        Of a CSV; None goes by the file name.
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
    stored = stored_bytes(path) if stored is None else stored
    if stored.startswith(PARQUET_MAGIC):
        return _parquet(path, stored, columns)
    separator = separator_of(path) if separator is None else separator
    content = read_raw(path, stored)
    header = content.split(b"\n", 1)[0].decode("utf-8-sig", "replace").rstrip("\r")
    names = next(csv.reader(io.StringIO(header), delimiter=separator))
    check_header(path, names, [column.name for column in columns if not column.absent])
    present = [column for column in columns if column.name in names]
    frame, problem = _parsed(content, names, present, separator)
    suspect = problem or _first_problem(frame, present)
    # A row that is too short reads as one whose last cells are empty.
    if suspect or frame[names[-1]].null_count():
        _locate(path, present, separator)
    if suspect:
        raise DataError(suspect, path=path)
    return frame


def _parsed(
    content: bytes, names: list[str], columns: Sequence[Column], separator: str
) -> tuple[Any, str | None]:
    import polars as pl

    schema: dict[str, Any] = dict.fromkeys(names, pl.String)
    schema.update({c.name: _type(c.kind) for c in columns})
    try:
        return pl.read_csv(content, separator=separator, schema=schema), None
    except pl.exceptions.PolarsError as error:
        return None, str(error).split("\n", 1)[0]


def _type(kind: Kind) -> Any:
    import polars as pl

    types = {Kind.NAME: pl.String, Kind.ID: pl.UInt32, Kind.NUMBER: pl.Float64, Kind.TIME: pl.Int64}
    return types[kind]


def _parquet(path: Path, stored: bytes, columns: Sequence[Column]) -> Any:
    import polars as pl

    try:
        frame = pl.read_parquet(io.BytesIO(stored))
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).split("\n", 1)[0]
        raise DataError(
            f"cannot be read as Parquet ({reason})", path=path, remedy="write the file again"
        ) from error
    if not frame.height:
        raise DataError("the table has no rows", path=path)
    check_header(path, frame.columns, [c.name for c in columns if not c.absent])
    for column in columns:
        if column.name in frame.columns:
            frame = frame.with_columns(_cast(path, frame[column.name], column))
    suspect = _first_problem(frame, [c for c in columns if c.name in frame.columns])
    if suspect:
        raise DataError(suspect, path=path)
    return frame


def _cast(path: Path, series: Any, column: Column) -> Any:
    import polars as pl

    if column.kind is Kind.TIME and series.dtype == pl.Datetime:
        return series.dt.epoch("s")
    if column.kind is Kind.NAME and not (series.dtype == pl.String or series.dtype.is_integer()):
        raise DataError(
            f"ids of type {series.dtype} are neither text nor whole numbers",
            path=path,
            column=column.name,
        )
    try:
        return series.cast(_type(column.kind))
    except pl.exceptions.PolarsError:
        raise DataError(
            f"type {series.dtype} cannot be read as {column.kind.value}",
            path=path,
            column=column.name,
        ) from None


def _first_problem(frame: Any, columns: Sequence[Column]) -> str | None:
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


def _locate(path: Path, columns: Sequence[Column], separator: str) -> None:
    """Raise the error of the first offending line of a CSV, if there is one."""
    for row in read_csv_rows(path, (), separator):
        for column in columns:
            problem = column.problem(row[column.name])
            if problem:
                raise row.error(problem, column.name)
