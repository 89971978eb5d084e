"""The interactions of the user's: rows of ids, ratings and times from a table."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...interactions import NO_TIME
from ...reading.frames import Form, OpenTable, open_table
from ...reading.schema import Kind, NumberColumn
from ...reading.times import REMEDY, TimeProblem, Times, read_times
from ..building.preprocessing import Rows
from .import_report import Found, ImportReport
from .roles import Roles

FLOATED = r"^-?[0-9]+\.0$"
"""A whole number as a table of floats writes it."""


@dataclass(frozen=True)
class PairSettings:
    """How the interactions are taken; the settings of ``Files``."""

    form: Form
    roles: Roles
    low: float
    high: float


def read_pairs(path: Path, settings: PairSettings, report: ImportReport, stored: bytes) -> Rows:
    """Return the rows of a table of interactions.

    Parameters
    ----------
    path, stored
        The file and its bytes.
    settings
        How to take it.
    report
        Records what was found.

    Raises
    ------
    DataError
        With file, line, column and value.
    """
    roles = settings.roles
    table = open_table(path, settings.form, lambda names: _has_ids(roles, names), stored)
    names = roles.pairs_of(path, table.names)
    kinds = {
        "user": NumberColumn(names["user"], Kind.NAME),
        "item": NumberColumn(names["item"], Kind.NAME),
        "rating": NumberColumn(names.get("rating", ""), Kind.NUMBER, settings.low, settings.high),
        "timestamp": NumberColumn(names.get("timestamp", ""), Kind.MOMENT, blank=True),
    }
    frame = table.checked([kinds[role] for role in names])
    report.files.append(("interactions", table.description))
    rows: Rows = {}
    for side in ("user", "item"):
        series = write_whole_ids(frame[names[side]])
        rows[side], rows[f"{side}_names"] = _coded(series)
        count = f"{len(rows[f'{side}_names']):,} different"
        report.columns.append(Found("interactions", names[side], f"{side} id", count))
    rows["rating"] = np.ones(frame.height, dtype=np.float32)
    if "rating" in names:
        rows["rating"] = rating = frame[names["rating"]].to_numpy().astype(np.float32)
        said = f"{rating.min():g} to {rating.max():g}"
        report.columns.append(Found("interactions", names["rating"], "rating", said))
    if "timestamp" in names:
        times = parse_times(table, frame[names["timestamp"]], names["timestamp"])
        rows["timestamp"] = times.seconds
        said = f"{times.unit}; {_span(times.seconds)}"
        report.columns.append(Found("interactions", names["timestamp"], "time", said))
    for name in table.names:
        if name not in names.values():
            report.columns.append(Found("interactions", name, "not used"))
    return rows


def _has_ids(roles: Roles, names: list[str]) -> bool:
    return all(roles.column(role, names) for role in ("user", "item"))


def parse_times(table: OpenTable, series: Any, name: str) -> Times:
    """Return a column of times in seconds, or raise ``DataError`` with the line."""
    try:
        return read_times(series)
    except TimeProblem as problem:
        line = table.line(problem.row)
        place = "" if line else f"row {problem.row + 1}: "
        raise DataError(
            f"{place}{problem}", path=table.path, line=line, column=name, remedy=REMEDY
        ) from None


def write_whole_ids(series: Any) -> Any:
    """Return ids, ``1.0`` as ``1`` where every id is a whole number written as a float."""
    if series.len() and series[0].endswith(".0") and series.str.contains(FLOATED).all():
        return series.str.strip_suffix(".0")
    return series


def _coded(series: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return places in the sorted distinct texts, and those texts."""
    import polars as pl

    distinct = series.unique().sort()
    codes = series.cast(pl.Enum(distinct)).to_physical().to_numpy()
    return codes.astype(np.uint32), np.array(distinct.to_list(), dtype=np.str_)


def _span(seconds: np.ndarray) -> str:
    known = seconds[seconds != NO_TIME]
    if not len(known):
        return "none is known"
    missing = len(seconds) - len(known)
    return f"{_day(int(known.min()))} to {_day(int(known.max()))}" + (
        f", {missing:,} missing" if missing else ""
    )


def _day(seconds: int) -> str:
    try:
        return str(np.datetime64(seconds, "s").astype("datetime64[D]"))
    except (ValueError, OverflowError):
        return f"{seconds} s"
