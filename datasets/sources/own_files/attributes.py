"""Attributes of users and items from a table of the user's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...arrays import TextArray
from ...errors import DataError
from ...reading.frames import Form, OpenTable, open_table
from ...reading.schema import Kind, NumberColumn
from ...side_information import FeatureColumn, Provenance, SideInformation, TextColumn, VectorColumn
from .import_report import Found, ImportReport
from .kinds import Kinds, take_column, take_vectors
from .long import is_long, widen
from .pairs import write_whole_ids
from .roles import Roles


@dataclass(frozen=True)
class SideSettings:
    """How the tables of users, items and graph are taken; the settings of ``Files``."""

    form: Form
    roles: Roles
    kinds: Kinds
    provenance: dict[str, Provenance]

    def origin(self, name: str) -> Provenance:
        """Return the provenance of a column or relation."""
        return self.provenance.get(name, Provenance.INTRINSIC)


def read_side(
    path: str | None, side: str, ids: TextArray, settings: SideSettings, report: ImportReport
) -> tuple[SideInformation, tuple[str, ...]]:
    """Return what a table says of the entities ``ids``, and the names of its attributes.

    The table is wide (a row per entity) or long (a row per entity and value, see ``is_long``).
    What a column is, ``take_column`` says. An entity without a row has nothing known of it; rows
    of other entities are left aside.

    Parameters
    ----------
    path
        CSV or Parquet, or None.
    side
        ``user`` or ``item``: the role of the id column.
    ids
        The kept entities, in their order.
    settings
        How to take the columns.
    report
        Records what was found.

    Raises
    ------
    DataError
        No id column, an id twice in a wide table, a malformed row.
    """
    if path is None:
        return SideInformation(), ()
    file = Path(path).expanduser()
    table = open_table(
        file, settings.form, lambda names: settings.roles.key(side, names) is not None
    )
    key = _key(table, side, settings.roles)
    frame = _keyed(table, key, ids)
    report.files.append((f"{side}s", table.description))
    report.columns.append(
        Found(f"{side}s", key, f"{side} id", f"{frame[key].n_unique():,} different")
    )
    _report_on(side, frame[key].to_list(), ids, report)
    names = ids.tolist()
    if not set(names) & set(frame[key].to_list()):
        raise DataError(
            f"describes none of the {len(names)} {side}s of the interactions",
            path=file,
            column=key,
            remedy=f"the ids of both files must be written alike, for example {str(ids[0])!r}",
        )
    taken: list[Any]
    if is_long(key, frame):
        cells = widen(file, key, names, frame, settings.kinds.categorical)
        taken = [_taken(file, side, name, cells[name], settings, report) for name in cells]
    else:
        rows = _rows(file, side, key, frame[key].to_list(), names)
        taken = [
            _of_rows(file, side, frame[name], rows, settings, report)
            for name in frame.columns
            if name != key
        ]
    information = SideInformation(
        tuple(one for one in taken if isinstance(one, FeatureColumn)),
        tuple(one for one in taken if isinstance(one, TextColumn)),
        tuple(one for one in taken if isinstance(one, VectorColumn)),
    )
    return information, tuple(one.name for one in taken)


def _key(table: OpenTable, side: str, roles: Roles) -> str:
    key = roles.key(side, table.names)
    if key is None:
        raise DataError(
            f"column {side!r} is missing; the columns are {', '.join(table.names)}",
            path=table.path,
            line=1,
            remedy=f"call the column of ids {' or '.join(roles.key_names(side))} in this table",
        )
    return key


def _keyed(table: OpenTable, key: str, ids: TextArray) -> Any:
    """Return the table with ids as the interactions write them: ``1`` for ``1.0``."""
    frame = table.checked((NumberColumn(key, Kind.NAME),))
    if set(frame[key].to_list()).isdisjoint(ids.tolist()):
        return frame.with_columns(write_whole_ids(frame[key]).alias(key))
    return frame


def _report_on(side: str, found: list[str], ids: TextArray, report: ImportReport) -> None:
    kept, described = set(ids.tolist()), set(found)
    report.drop(len(described - kept), f"{side}s of the table of {side}s have no kept interaction")
    report.drop(len(kept - described), f"kept {side}s have no row: nothing is known of them")


def _rows(path: Path, side: str, key: str, found: list[str], ids: list[str]) -> list[int | None]:
    """Return the row of each entity of a wide table."""
    places: dict[str, int] = {}
    for at, name in enumerate(found):
        if name in places:
            raise DataError(
                f"{side} {name!r} has two rows, {places[name] + 1} and {at + 1}",
                path=path,
                column=key,
                remedy=f"give one row per {side}; or a row per {side} and value, in the columns "
                f"{key},VALUE or {key},attribute,value",
            )
        places[name] = at
    return [places.get(name) for name in ids]


def _of_rows(
    path: Path,
    side: str,
    series: Any,
    rows: Sequence[int | None],
    settings: SideSettings,
    report: ImportReport,
) -> Any:
    """Return one column of a wide table."""
    name = series.name
    if _is_vector(series.dtype) and name not in settings.kinds.categorical:
        values = take_vectors(path, name, series, rows)
        said = f"{values.shape[1]} numbers; {int(values.any(axis=1).sum()):,} filled"
        report.columns.append(Found(f"{side}s", name, "vector", said))
        return VectorColumn(name, settings.origin(name), values)
    cells = series.to_list()
    kept = [None if row is None else cells[row] for row in rows]
    return _taken(path, side, name, kept, settings, report)


def _is_vector(kind: Any) -> bool:
    import polars as pl

    return isinstance(kind, pl.List | pl.Array) and bool(kind.inner.is_float())


def _taken(
    path: Path,
    side: str,
    name: str,
    cells: Sequence[Any],
    settings: SideSettings,
    report: ImportReport,
) -> Any:
    column, remark = take_column(path, name, cells, settings.origin(name), settings.kinds)
    kind = "text"
    if isinstance(column, FeatureColumn):
        kind = "category"
        if column.numeric:
            kind = "date" if column.dated else "number"
    report.columns.append(Found(f"{side}s", name, kind, remark))
    return column
