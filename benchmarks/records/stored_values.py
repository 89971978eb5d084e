"""Values of users and of cold items, read from the tables of a board.

``read_user_values(paths, task, metric)`` returns ``{path: UserValues(users, values)}`` and
``read_item_values(paths, task, metric)`` returns ``{path: ItemValues(items, sums, users)}``. Give
them the paths of the records of a whole board at once: its packed tables are then read once. Ids
are the original ones as text, in ascending order. A run without the values is absent.

``compact_values`` says which metrics are stored; any other metric of users is read from the
``.users.parquet`` of a run, where that lies next to its record.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...datasets.arrays import DoubleArray, LongArray
from .board_tables import find_own, find_packed, read_packed
from .compact_values import ITEM_COLUMNS, STEPS, compute_values, is_stored
from .partial_records import AS_WRITTEN
from .per_user_tables import check_table, users_path
from .record import read
from .table_kinds import HITS, ITEMS, RUN, TableKind

if TYPE_CHECKING:
    import polars as pl


class UserValues(NamedTuple):
    """The values of one run in one task.

    Attributes
    ----------
    users
        str, (users,): original ids, ascending.
    values
        float64, (users,).
    """

    users: np.ndarray
    values: DoubleArray


class ItemValues(NamedTuple):
    """What the cold items contribute to one run's values in one task.

    Attributes
    ----------
    items
        str, (items,): original ids, ascending, of the cold candidates that are anybody's truth.
    sums
        float64, (items,): their parts of the sum over the users, rounded to 0.01.
    users
        int64, (items,): users whose truth the item is.
    """

    items: np.ndarray
    sums: DoubleArray
    users: LongArray


def read_user_values(paths: Iterable[Path], task: str, metric: str) -> dict[Path, UserValues]:
    """Return the values of every user of a task, for each record that has them.

    Parameters
    ----------
    paths
        Of records.
    task, metric
        ``new_item/cold/k=0``, ``ndcg@10``.

    Raises
    ------
    ColdbenchError
        When a table is not the one that its record names.
    """
    chosen, found = list(paths), {}
    if is_stored(metric):
        for path, rows in _find_rows(HITS, chosen, task):
            found[path] = UserValues(rows["user"].to_numpy(), compute_values(rows, metric))
    for path in chosen:
        own = None if path in found else _own_values(path, task, metric)
        if own is not None:
            found[path] = own
    return found


def read_item_values(paths: Iterable[Path], task: str, metric: str) -> dict[Path, ItemValues]:
    """Return what each cold item of a task contributes, for each record that tells it.

    Parameters
    ----------
    paths
        Of records.
    task, metric
        ``new_item/cold/k=0``; ``ndcg@10`` or ``recall@20``.

    Raises
    ------
    ColdbenchError
        When a table is not the one that its record names.
    """
    column = ITEM_COLUMNS.get(metric)
    if column is None:
        return {}
    return {
        path: ItemValues(
            rows["item"].to_numpy(),
            rows[column].to_numpy() / STEPS,
            rows["users"].cast(int).to_numpy(),
        )
        for path, rows in _find_rows(ITEMS, list(paths), task)
    }


def _find_rows(
    kind: TableKind, paths: list[Path], task: str
) -> "Iterator[tuple[Path, pl.DataFrame]]":
    """Yield the rows of a task of each run, in ascending order of their ids."""
    import polars as pl

    packed: dict[Path, list[Path]] = {}
    for path in paths:
        digest = getattr(read(path, AS_WRITTEN), f"{kind.name}_sha256")
        if digest is None:
            continue
        rows = find_own(kind, path, digest)
        if rows is not None:
            rows = rows.filter(pl.col("task") == task).sort(kind.keys)
            if len(rows):
                yield path, rows
            continue
        table = find_packed(kind, path, digest)
        if table is not None:
            packed.setdefault(table, []).append(path)
    for table, runs in packed.items():
        by_run = {path.stem: path for path in runs}
        parts = read_packed(kind, table, task).partition_by(RUN, as_dict=True)
        for (run,), rows in parts.items():
            if run in by_run:
                yield by_run[str(run)], rows.sort(kind.keys)


def _own_values(path: Path, task: str, metric: str) -> UserValues | None:
    """Return the values from the large table next to a record; None where it has none."""
    import polars as pl

    table = users_path(path)
    if not table.exists():
        return None
    check_table(table, read(path, AS_WRITTEN).users_sha256)
    lazy = pl.scan_parquet(table)
    if metric not in lazy.collect_schema().names():
        return None
    rows = lazy.filter(pl.col("task") == task).select("user", metric).drop_nulls().collect()
    rows = rows.with_columns(pl.col("user").cast(pl.String)).sort("user")
    return UserValues(rows["user"].to_numpy(), rows[metric].to_numpy()) if len(rows) else None
