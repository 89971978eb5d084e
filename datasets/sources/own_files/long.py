"""Attributes in long form: a row per entity and value instead of a row per entity."""

from pathlib import Path
from typing import Any

from ...errors import DataError

ATTRIBUTE, VALUE = "attribute", "value"

Cells = dict[str, list[Any]]
"""By column, one cell per entity: a value, a list of several, or None."""


def is_long(key: str, frame: Any) -> bool:
    """Say whether a table has a row per entity and value.

    It has when its columns are the id, ``attribute`` and ``value``, or when they are the id and
    one other and some id comes twice.
    """
    others = [name for name in frame.columns if name != key]
    if sorted(others) == [ATTRIBUTE, VALUE]:
        return True
    return len(others) == 1 and bool(frame[key].is_duplicated().any())


def widen(path: Path, key: str, ids: list[str], frame: Any, coded: tuple[str, ...]) -> Cells:
    """Return a table in long form as one cell per entity and attribute.

    Parameters
    ----------
    path, key
        The file and its column of ids.
    ids
        The entities in the order of the cells; rows of others are left aside.
    frame
        The table, its ids in the form of ``ids``.
    coded
        Columns whose numbers are codes.

    Raises
    ------
    DataError
        An entity with several numbers, which are not codes.
    """
    others = [name for name in frame.columns if name != key]
    keys = frame[key].to_list()
    if len(others) == 1:
        names: list[Any] = others * len(keys)
        values = frame[others[0]].to_list()
    else:
        names, values = frame[ATTRIBUTE].to_list(), frame[VALUE].to_list()
        if None in names or "" in names:
            row = next(at for at, name in enumerate(names) if not name) + 1
            raise DataError(f"row {row} names no attribute", path=path, column=ATTRIBUTE)
    places = {name: at for at, name in enumerate(ids)}
    columns = sorted({str(name) for name in names})
    held: dict[str, list[list[Any]]] = {name: [[] for _ in ids] for name in columns}
    for one, name, value in zip(keys, names, values, strict=True):
        if one in places and value is not None and value != "":
            cell = held[str(name)][places[one]]
            cell.extend(value if isinstance(value, list) else [value])
    for name in columns:
        if name not in coded:
            _refuse_numbers(path, name, ids, held[name])
    return {name: [_cell(cell) for cell in cells] for name, cells in held.items()}


def _cell(values: list[Any]) -> Any:
    if len(values) < 2:
        return values[0] if values else None
    return [part.strip() for one in values for part in str(one).split("|") if part.strip()]


def _refuse_numbers(path: Path, name: str, ids: list[str], cells: list[list[Any]]) -> None:
    """Refuse several numbers of one entity: they may be codes, or a row that comes twice."""
    every = [value for cell in cells for value in cell]
    several = next((at for at, cell in enumerate(cells) if len(cell) > 1), None)
    if several is not None and all(_is_number(value) for value in every):
        raise DataError(
            f"{ids[several]!r} has several rows and the values are numbers",
            path=path,
            column=name,
            remedy=f"give one row each, or set dataset.categorical=[{name}] where they are codes",
        )


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
