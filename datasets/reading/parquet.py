"""Tables in Parquet: read whole, and their columns brought to the kinds of a CSV's."""

import io
from pathlib import Path
from typing import Any

from ..errors import DataError
from .schema import Kind, NumberColumn

MAGIC = b"PAR1"
UNSUSPECTED = 1_000_000
DENSEST = 100
"""Rows to a byte of the file beyond which a table of more than ``UNSUSPECTED`` rows is refused."""


def read_parquet(path: Path, content: bytes) -> Any:
    """Return a table as a polars DataFrame, columns of a dictionary as their texts.

    Raises
    ------
    DataError
        It cannot be read, has no rows, or more rows than its size can hold.
    """
    import polars as pl

    try:
        height = pl.scan_parquet(io.BytesIO(content)).select(pl.len()).collect().item()
        if height > UNSUSPECTED and height > DENSEST * len(content):
            raise DataError(
                f"{height:,} rows in {len(content):,} bytes: this is taken for a bomb", path=path
            )
        frame = pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).split("\n", 1)[0]
        raise DataError(
            f"cannot be read as Parquet ({reason})", path=path, remedy="write the file again"
        ) from error
    if not frame.height:
        raise DataError("the table has no rows", path=path)
    coded = [name for name, kind in frame.schema.items() if kind in (pl.Categorical, pl.Enum)]
    return frame.with_columns(pl.col(name).cast(pl.String) for name in coded)


def convert_column(path: Path, series: Any, column: NumberColumn) -> Any:
    """Return a column of a Parquet as what the table of columns asks for.

    Raises
    ------
    DataError
        Its type cannot be read as that.
    """
    import polars as pl

    if column.kind is Kind.MOMENT:
        return series
    if column.kind is Kind.TIME and series.dtype == pl.Datetime:
        return series.dt.epoch("s")
    if column.kind is Kind.NAME:
        return _names(path, series, column)
    try:
        return series.cast(column.kind.dtype)
    except pl.exceptions.PolarsError:
        raise DataError(
            f"type {series.dtype} cannot be read as {column.kind.value}",
            path=path,
            column=column.name,
        ) from None


def _names(path: Path, series: Any, column: NumberColumn) -> Any:
    """Return ids as text; whole numbers that are stored as floats are whole numbers."""
    import polars as pl

    if series.dtype.is_float():
        whole = series.fill_nan(None).cast(pl.Int64, strict=False)
        if bool((whole.cast(series.dtype) == series).fill_null(True).all()):
            series = whole
    if not (series.dtype == pl.String or series.dtype.is_integer()):
        raise DataError(
            f"ids of type {series.dtype} are neither text nor whole numbers",
            path=path,
            column=column.name,
        )
    return series.cast(pl.String)
