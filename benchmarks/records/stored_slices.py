"""The slices of runs in one metric: by group of users or items, read from the tables of a board."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .board_tables import find_own, find_packed, read_packed
from .partial_records import AS_WRITTEN
from .record import RunRecord, read, record_path
from .table_kinds import DETAILS, RUN

if TYPE_CHECKING:
    import polars as pl


class SliceValue(NamedTuple):
    """The mean of a metric in one group, and the users behind it."""

    mean: float
    users: int


Slices = dict[str, dict[str, SliceValue]]
"""By task and group."""


def read_slices(records: Iterable[RunRecord], home: Path, metric: str) -> dict[str, Slices]:
    """Return the slices of every record that has them, by ``run_id``.

    A packed table is read once for all its runs.

    Parameters
    ----------
    records
        As they were read, also without their details.
    home
        Folder of the records.
    metric
        ``ndcg@10``.

    Raises
    ------
    ColdbenchError
        When a table is not the one that its record names.
    """
    found: dict[str, Slices] = {}
    packed: dict[Path, set[str]] = {}
    for record in records:
        path, digest = record_path(home, record), record.details_sha256
        if digest is None:
            if record.schema_ < 3 and record.scores:
                found[record.run_id] = _of_record(read(path, AS_WRITTEN), metric)
            continue
        own = find_own(DETAILS, path, digest)
        if own is not None:
            found |= _by_run(_only(own, metric).with_columns(_named(record.run_id)))
            continue
        table = find_packed(DETAILS, path, digest)
        if table is not None:
            packed.setdefault(table, set()).add(record.run_id)
    for table, runs in packed.items():
        rows = _by_run(_only(read_packed(DETAILS, table), metric))
        found |= {run: slices for run, slices in rows.items() if run in runs}
    return {run: slices for run, slices in found.items() if slices}


def _of_record(record: RunRecord, metric: str) -> Slices:
    """Return the slices of a record of schema 1 or 2, which holds them itself."""
    found: Slices = {}
    for task, groups in record.slices.items():
        for group, values in groups.items():
            one = values.get(metric)
            if one is not None and one.mean is not None:
                found.setdefault(task, {})[group] = SliceValue(one.mean, one.n)
    return found


def _only(rows: "pl.DataFrame", metric: str) -> "pl.DataFrame":
    import polars as pl

    chosen = (pl.col("group") != "") & (pl.col("metric") == metric) & pl.col("mean").is_not_null()
    return rows.filter(chosen).sort("task", "group")


def _named(run: str) -> "pl.Expr":
    import polars as pl

    return pl.lit(run).alias(RUN)


def _by_run(rows: "pl.DataFrame") -> dict[str, Slices]:
    found: dict[str, Slices] = {}
    columns = rows.select(RUN, "task", "group", "mean", "decimals", "n").iter_rows()
    for run, task, group, mean, decimals, users in columns:
        held = found.setdefault(run, {}).setdefault(task, {})
        held[group] = SliceValue(mean / 10**decimals, users)
    return found
