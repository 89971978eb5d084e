"""What a column of attributes is: numbers, categories, a text or vectors; the stated rule."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...arrays import FloatArray, make_read_only
from ...errors import DataError
from ...side_information import FeatureColumn, Provenance, TextColumn, VectorColumn
from ..building.feature_columns import make_categorical, make_numeric
from .dates import are_dates, read_years

FEWEST_TEXTS = 20
"""Filled cells from which on texts are distinguished from categories; fewer are categories."""
MOSTLY_DIFFERENT = 0.9
WORDS = 1.5
"""Words to a cell, on average, beyond which cells that are nearly all different are texts."""

DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+(,[0-9]+)?\Z")

Taken = FeatureColumn | TextColumn | VectorColumn


@dataclass(frozen=True)
class Kinds:
    """What the user says of columns: which are texts, which categories, which dates."""

    texts: tuple[str, ...]
    categorical: tuple[str, ...]
    dates: tuple[str, ...] = ()


def take_column(
    path: Path, name: str, cells: Sequence[Any], origin: Provenance, kinds: Kinds
) -> tuple[Taken, str]:
    """Return a column as what it is, and a remark for people.

    What the user says goes first. A column of numbers is a number when every cell that is not
    empty is one; a column of dates a date when every such cell is a whole one. A column of words
    is a text when it has at least ``FEWEST_TEXTS`` filled cells, ``MOSTLY_DIFFERENT`` of them
    differ, none holds a bar, and they have more than ``WORDS`` words on average. Everything else
    is categories.

    Parameters
    ----------
    path, name
        For messages.
    cells
        One per entity: text, number, bool, a list of them, or None.
    origin
        Provenance of the column.
    kinds
        What the user says.

    Raises
    ------
    DataError
        A word among numbers, numbers with a decimal comma, several numbers of one entity, a cell
        of ``dataset.dates`` that is no date.
    """
    if name in kinds.texts:
        return _text(name, cells, origin), f"{_filled(cells):,} filled, as dataset.texts says"
    if name in kinds.categorical:
        column = _categories(path, name, cells, origin)
        return column, f"{len(column.values):,} values, as dataset.categorical says"
    if name in kinds.dates:
        column = make_numeric(name, origin, read_years(path, name, cells), dated=True)
        return column, f"{_filled(cells):,} known, as dataset.dates says"
    if are_dates(cells):
        column = make_numeric(name, origin, read_years(path, name, cells), dated=True)
        return column, f"{_filled(cells):,} known"
    numbers = _numbers(path, name, cells)
    if numbers is not None:
        return make_numeric(name, origin, numbers), f"{_filled(cells):,} known"
    why = _why_text(cells)
    if why:
        return _text(name, cells, origin), f"{_filled(cells):,} filled; {why}"
    column = _categories(path, name, cells, origin)
    return column, f"{len(column.values):,} values"


def take_vectors(path: Path, name: str, series: Any, rows: Sequence[int | None]) -> FloatArray:
    """Return a list column of floats as float32 (entities, d); zeros where there is no vector.

    Parameters
    ----------
    path, name
        For messages.
    series
        polars Series of lists or arrays of floats.
    rows
        The row of each entity, None for one without.

    Raises
    ------
    DataError
        Vectors of different lengths, or with a number that is not finite.
    """
    import polars as pl

    lists = series.cast(pl.List(pl.Float32))
    lengths = lists.list.len().fill_null(0).to_numpy()
    sizes = np.unique(lengths[lengths > 0])
    if len(sizes) != 1:
        odd = int(np.flatnonzero(lengths == sizes[-1])[0]) + 1 if len(sizes) else 1
        raise DataError(
            f"vectors of {', '.join(map(str, sizes[:4])) or 0} numbers (row {odd})",
            path=path,
            column=name,
            remedy="give vectors of one length; where there is none, leave the cell empty",
        )
    flat = lists.filter(pl.Series(lengths > 0)).explode().to_numpy().astype(np.float32)
    table = np.zeros((len(lengths) + 1, int(sizes[0])), dtype=np.float32)
    table[np.flatnonzero(lengths > 0)] = flat.reshape(-1, int(sizes[0]))
    if not np.isfinite(table).all():
        row = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0]) + 1
        raise DataError(
            f"row {row}: the vector holds a number that is not finite", path=path, column=name
        )
    values: FloatArray = make_read_only(
        table[[len(lengths) if row is None else row for row in rows]]
    )
    return values


def _filled(cells: Sequence[Any]) -> int:
    return sum(1 for cell in cells if not _empty(cell))


def _empty(cell: Any) -> bool:
    return cell is None or cell == "" or cell == []


def _text(name: str, cells: Sequence[Any], origin: Provenance) -> TextColumn:
    return TextColumn(name, origin, [_as_text(cell) for cell in cells])


def _as_text(cell: Any) -> str:
    if isinstance(cell, list):
        return " ".join(str(one).strip() for one in cell if one is not None)
    return "" if cell is None else str(cell).strip()


def _why_text(cells: Sequence[Any]) -> str | None:
    """Return why a column of words is a text, or None when it is categories."""
    known = [cell for cell in cells if not _empty(cell)]
    if len(known) < FEWEST_TEXTS or not all(isinstance(cell, str) for cell in known):
        return None
    different = len(set(known)) / len(known)
    words = sum(len(cell.split()) for cell in known) / len(known)
    if different < MOSTLY_DIFFERENT or words <= WORDS or any("|" in cell for cell in known):
        return None
    return f"{100 * different:.0f} % differ, {words:.1f} words each, so a text"


def _numbers(path: Path, name: str, cells: Sequence[Any]) -> list[float | None] | None:
    """Return the cells as numbers, None for an empty one; or None when they are categories."""
    known = [cell for cell in cells if not _empty(cell)]
    numbers = [_number(cell) for cell in known]
    odd = [cell for cell, number in zip(known, numbers, strict=True) if number is None]
    if odd:
        _refuse_decimal_commas(path, name, known)
    if not known or 2 * len(odd) > len(known):
        return None
    if odd:
        raise DataError(
            f"{odd[0]!r} is not a finite number, as most of the column is",
            path=path,
            column=name,
            remedy=f"correct it, or set dataset.categorical=[{name}]",
        )
    given = iter(numbers)
    return [None if _empty(cell) else next(given) for cell in cells]


def _refuse_decimal_commas(path: Path, name: str, known: list[Any]) -> None:
    texts = [cell for cell in known if isinstance(cell, str)]
    if texts and len(texts) == len(known) and all(map(DECIMAL_COMMA.match, texts)):
        odd = next(cell for cell in texts if "," in cell)
        raise DataError(
            f"{odd!r} is a number with a comma",
            path=path,
            column=name,
            remedy=f"write {odd.replace(',', '.')}, or set dataset.categorical=[{name}]",
        )


def _number(cell: Any) -> float | None:
    if isinstance(cell, bool | list):
        return None
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _categories(path: Path, name: str, cells: Sequence[Any], origin: Provenance) -> FeatureColumn:
    return make_categorical(name, origin, [_values(path, name, cell) for cell in cells])


def _values(path: Path, name: str, cell: Any) -> list[str]:
    if cell is None:
        return []
    if isinstance(cell, list):
        return [str(value) for value in cell if value is not None]
    if isinstance(cell, dict | bytes):
        raise DataError(f"{cell!r} is not an attribute", path=path, column=name)
    text = str(cell).lower() if isinstance(cell, bool) else str(cell)
    return [value.strip() for value in text.split("|") if value.strip()]
