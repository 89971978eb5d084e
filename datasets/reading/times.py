"""Times as people write them: ISO dates, or whole numbers since 1970 in any of four units."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..interactions import NO_TIME

UNITS = (
    (10**11, 1, "seconds"),
    (10**14, 10**3, "milliseconds"),
    (10**17, 10**6, "microseconds"),
    (2**63, 10**9, "nanoseconds"),
)
"""Numbers below the first are in the third and divided by the second.

The bounds are the year 5138 in a unit, which is March 1973 in the next finer one.
"""

_WHOLE = r"^([+-]?[0-9]+)(?:\.0*)?$"
_ZONE = r" ?(Z|z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?"
_CLOCK = rf"[T ]([0-9]{{2}}):([0-9]{{2}})(?::([0-9]{{2}})(?:[.,][0-9]+)?)?{_ZONE}"
_ISO = rf"^([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:{_CLOCK})?$"
_EARLIEST, _LATEST = 19000101, 21001231
REMEDY = "write ISO dates (2001-12-31T23:59:59), or whole numbers since 1970 in one unit"


class TimeProblem(ValueError):
    """A cell that is not a time, or not one like the others; ``row`` counts from 0."""

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(problem)
        self.row = row


@dataclass(frozen=True)
class Times:
    """A column of times.

    Attributes
    ----------
    seconds
        int64, (rows,): since 1970 UTC, rounded down; ``NO_TIME`` for an empty cell.
    unit
        How they were written, for people: ``epoch milliseconds``.
    """

    seconds: np.ndarray
    unit: str


def read_times(series: Any) -> Times:
    """Return a column of times in seconds.

    Parameters
    ----------
    series
        polars Series of text, whole numbers, numbers, dates or dates with times; empty texts and
        nulls are unknown times.

    Raises
    ------
    TimeProblem
        A cell that is not a time; cells in several units; some with a zone and some without.
    """
    import polars as pl

    kind = series.dtype
    if kind == pl.Null:
        return _of(series.cast(pl.Int64), "no time in any row")
    if kind == pl.Date:
        return _of(series.cast(pl.Datetime("us")).dt.epoch("s"), "dates")
    if kind == pl.Datetime:
        zone = getattr(kind, "time_zone", None)
        return _of(series.dt.epoch("s"), "dates with times" + ("" if zone else ", read as UTC"))
    if kind.is_integer():
        whole = series.cast(pl.Int64, strict=False)
        if whole.null_count() != series.null_count():
            at = int((whole.is_null() & series.is_not_null()).arg_max())
            raise TimeProblem(at, f"{series[at]} is not a time")
        return _numbers(whole)
    if kind.is_float():
        return _floats(series)
    if kind == pl.String:
        return _texts(series)
    raise TimeProblem(0, f"type {kind} cannot be read as a time")


def _of(series: Any, unit: str) -> Times:
    return Times(series.fill_null(NO_TIME).to_numpy(), unit)


def _floats(series: Any) -> Times:
    import polars as pl

    series = series.fill_nan(None)
    whole = series.cast(pl.Int64, strict=False)
    odd = (whole.cast(pl.Float64) != series.cast(pl.Float64)).fill_null(True) & series.is_not_null()
    if odd.any():
        at = int(odd.arg_max())
        raise TimeProblem(at, f"{series[at]} is not a whole number")
    return _numbers(whole)


def _texts(series: Any) -> Times:
    import polars as pl

    whole = series.cast(pl.Int64, strict=False)
    if whole.null_count() == series.null_count():
        return _numbers(whole)
    text = series.str.strip_chars()
    text = text.to_frame("t").select(pl.when(pl.col("t") != "").then(pl.col("t")))["t"]
    whole = text.str.extract(_WHOLE, 1).cast(pl.Int64, strict=False)
    if whole.null_count() == text.null_count():
        return _numbers(whole)
    dates, zones = _iso(text)
    odd = text.is_not_null() & whole.is_null() & dates.is_null()
    if odd.any():
        at = int(odd.arg_max())
        raise TimeProblem(at, f"{text[at]!r} is not a time")
    if dates.null_count() != text.null_count():
        at = int((text.is_not_null() & dates.is_null()).arg_max())
        other = int(dates.is_not_null().arg_max())
        raise TimeProblem(at, f"{text[at]!r} is a number where others are dates ({text[other]!r})")
    return _of(dates, _zone(text, zones))


def _iso(text: Any) -> tuple[Any, Any]:
    """Return the seconds of ISO dates, null for what is none, and their zones."""
    import polars as pl

    part = text.str.extract_groups(_ISO).struct.unnest()
    day, hour, minute, second, zone = (part[name] for name in part.columns)
    days = day.str.to_date("%Y-%m-%d", strict=False).cast(pl.Int32).cast(pl.Int64)
    h, m, s = (one.cast(pl.Int64).fill_null(0) for one in (hour, minute, second))
    digits = zone.str.replace_all(r"[^0-9]", "").str.pad_end(4, "0").cast(pl.Int64, strict=False)
    digits = digits.fill_null(0)
    sign = zone.str.starts_with("-").fill_null(False).cast(pl.Int64) * -2 + 1
    shift = sign * ((digits // 100) * 3600 + (digits % 100) * 60)
    seconds = days * 86_400 + h * 3600 + m * 60 + s - shift
    right = (h < 24) & (m < 60) & (s <= 60)
    return seconds.to_frame("t").select(pl.when(right).then(pl.col("t")))["t"], zone


def _zone(text: Any, zones: Any) -> str:
    timed = text.str.len_chars() > 10
    with_zone = int(zones.is_not_null().sum())
    if not with_zone:
        return "ISO dates with times, read as UTC" if timed.any() else "ISO dates"
    bare = text.is_not_null() & zones.is_null()
    if bare.any():
        at = int(bare.arg_max())
        raise TimeProblem(at, f"{text[at]!r} has no zone where others have one")
    return "ISO dates with times and zone"


def _numbers(whole: Any) -> Times:
    """Return whole numbers as seconds; their size gives the unit, and 0 fits every one."""
    import polars as pl

    known = whole.drop_nulls().to_numpy()
    compact = len(known) and int(known.min()) >= _EARLIEST and int(known.max()) <= _LATEST
    if compact:
        days = whole.cast(pl.String).str.to_date("%Y%m%d", strict=False)
        if days.null_count() == whole.null_count():
            return _of(days.cast(pl.Datetime("us")).dt.epoch("s"), "dates written 20011231")
    size = np.abs(whole.fill_null(0).to_numpy())
    unit = np.searchsorted(np.array([top for top, _, _ in UNITS[:-1]]), size, side="right")
    counts = np.bincount(unit[size != 0], minlength=len(UNITS))
    most = int(counts.argmax())
    if int(counts.sum()) != int(counts[most]):
        at = int(np.flatnonzero((unit != most) & (size != 0))[0])
        raise TimeProblem(
            at,
            f"{whole[at]} is the size of {UNITS[int(unit[at])][2]} since 1970, "
            f"most others are of {UNITS[most][2]}",
        )
    _, divisor, name = UNITS[most]
    return _of(whole // divisor if divisor > 1 else whole, f"epoch {name}")
