"""Columns of dates among the attributes: ISO dates, dates of Parquet, or years."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ...errors import DataError

ISO = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?(?:[T ].*)?\Z")
YEAR = re.compile(r"-?[0-9]{1,4}(?:\.0*)?\Z")


def are_dates(cells: Sequence[Any]) -> bool:
    """Say whether every filled cell is a whole date, written as ISO does or typed; one at least."""
    known = [cell for cell in cells if cell not in (None, "")]
    return bool(known) and all(
        isinstance(cell, date) or (isinstance(cell, str) and _is_whole(cell)) for cell in known
    )


def read_years(path: Path, name: str, cells: Sequence[Any]) -> list[float | None]:
    """Return dates as years, 1994.0 for the first of January 1994; None for an empty cell.

    Parameters
    ----------
    path, name
        For messages.
    cells
        One per entity: a date, ``1994-05-31``, ``1994-05`` or a year, or empty.

    Raises
    ------
    DataError
        A cell that is no date.
    """
    years = [None if cell in (None, "") else _year(cell) for cell in cells]
    for cell, year in zip(cells, years, strict=True):
        if year is None and cell not in (None, ""):
            raise DataError(
                f"{cell!r} is not a date",
                path=path,
                column=name,
                remedy="write 1994-05-31, 1994-05 or 1994, or take the column out of dataset.dates",
            )
    return years


def _is_whole(text: str) -> bool:
    found = ISO.match(text.strip())
    return bool(found and found[3]) and _year(text) is not None


def _year(cell: Any) -> float | None:
    if isinstance(cell, date):  # a datetime is one too
        return _fraction(cell.year, cell.month, cell.day)
    text = str(cell).strip()
    if YEAR.match(text):
        return float(text)
    found = ISO.match(text)
    return _fraction(int(found[1]), int(found[2]), int(found[3] or 1)) if found else None


def _fraction(year: int, month: int, day: int) -> float | None:
    """Return the year with the share of it that has passed, None for a day that there is not."""
    try:
        passed = (date(year, month, day) - date(year, 1, 1)).days
        return year + passed / ((date(year, 12, 31) - date(year, 1, 1)).days + 1)
    except ValueError:
        return None
