"""Attributes of users and items from a table of the user's."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..arrays import TextArray
from ..errors import DataError
from ..reading.columns import Column, Kind
from ..reading.frames import read_frame
from ..sides import FeatureColumn, Provenance, SideInformation, TextColumn
from .columns import categorical, numeric


@dataclass(frozen=True)
class SideSettings:
    """How the tables of users, items and graph are taken; the settings of ``Files``."""

    separator: str | None
    texts: tuple[str, ...]
    categorical: tuple[str, ...]
    provenance: dict[str, Provenance]

    def origin(self, name: str) -> Provenance:
        """Return the provenance of a column or relation."""
        return self.provenance.get(name, Provenance.INTRINSIC)


def read_side(
    path: str | None, side: str, ids: TextArray, settings: SideSettings
) -> tuple[SideInformation, tuple[str, ...]]:
    """Return what a table says of the entities ``ids``, and the names of its columns.

    A column is text when the settings say so; numeric when every cell that is not empty is a
    number; else categorical, several values separated by ``|``. An entity without a row has
    nothing known of it; rows of other entities are left aside.

    Parameters
    ----------
    path
        CSV or Parquet, or None.
    side
        ``user`` or ``item``: the name of the id column, which may also be ``id``.
    ids
        The kept entities, in their order.
    settings
        How to take the columns.

    Raises
    ------
    DataError
        No id column, an id twice, a malformed row.
    """
    if path is None:
        return SideInformation(), ()
    file = Path(path).expanduser()
    key, frame = _keyed(file, side, settings.separator)
    places = {name: at for at, name in enumerate(frame[key].to_list())}
    if len(places) < frame.height:
        at = int(frame[key].is_duplicated().arg_max())
        twice = frame[key][at]
        again = frame[key].to_list().index(twice, at + 1)
        raise DataError(
            f"{side} {twice!r} has two rows, {at + 1} and {again + 1}", path=file, column=key
        )
    rows = [places.get(name) for name in ids.tolist()]
    if all(row is None for row in rows):
        raise DataError(
            f"describes none of the {len(rows)} {side}s of the interactions",
            path=file,
            column=key,
            remedy=f"the ids of both files must be written alike, for example {str(ids[0])!r}",
        )
    names = tuple(name for name in frame.columns if name != key)
    columns: list[FeatureColumn] = []
    texts: list[TextColumn] = []
    for name in names:
        cells = frame[name].to_list()
        kept = [None if row is None else cells[row] for row in rows]
        if name in settings.texts:
            values = ["" if cell is None else str(cell).strip() for cell in kept]
            texts.append(TextColumn(name, settings.origin(name), values))
        else:
            columns.append(_column(file, name, kept, settings))
    return SideInformation(tuple(columns), tuple(texts)), names


def _keyed(path: Path, side: str, separator: str | None) -> tuple[str, Any]:
    frame = read_frame(path, (), separator)
    found = [name for name in (side, "id") if name in frame.columns]
    if not found:
        raise DataError(
            f"column {side!r} is missing; the columns are {', '.join(frame.columns)}",
            path=path,
            line=1,
            remedy=f"name the column of ids {side!r} or 'id'",
        )
    return found[0], read_frame(path, (Column(found[0], Kind.NAME),), separator)


def _column(path: Path, name: str, cells: Sequence[Any], settings: SideSettings) -> FeatureColumn:
    numbers = None if name in settings.categorical else _numbers(path, name, cells)
    if numbers is not None:
        return numeric(name, settings.origin(name), numbers)
    return categorical(name, settings.origin(name), [_values(path, name, cell) for cell in cells])


def _numbers(path: Path, name: str, cells: Sequence[Any]) -> list[float | None] | None:
    """Return the cells as numbers, None for an empty one; or None when they are categories."""
    known = [cell for cell in cells if cell is not None and cell != ""]
    numbers = [_number(cell) for cell in known]
    odd = [cell for cell, number in zip(known, numbers, strict=True) if number is None]
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
    return [None if cell is None or cell == "" else next(given) for cell in cells]


def _number(cell: Any) -> float | None:
    if isinstance(cell, bool | list):
        return None
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _values(path: Path, name: str, cell: Any) -> list[str]:
    if cell is None:
        return []
    if isinstance(cell, list):
        return [str(value) for value in cell if value is not None]
    if isinstance(cell, dict | bytes):
        raise DataError(f"{cell!r} is no attribute", path=path, column=name)
    text = str(cell).lower() if isinstance(cell, bool) else str(cell)
    return [value.strip() for value in text.split("|") if value.strip()]
