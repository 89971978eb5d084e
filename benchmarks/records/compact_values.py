"""The compact form in which values of users and of cold items are stored.

Of a user: the hits of the top ten, a bit for each rank, how many of the first twenty are truth, and
how many truth items there are. All accuracy metrics at cut-offs up to 10 follow from it, exactly,
and Recall, Precision and hit rate at 20. It repeats more than the values themselves do, and takes
half their space. Of a cold item: its parts of the sums of NDCG@10 and Recall@20, in steps of 0.01.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...datasets.arrays import DoubleArray, LongArray
from ..evaluation.metrics import BUILT_IN, Ranked
from ..evaluation.task_result import TaskResult
from ..evaluation.top_hits import DEEP, TOP
from .table_kinds import HITS, ITEMS, TableKind

if TYPE_CHECKING:
    import polars as pl

STEPS = 100
"""Steps of an item's sums in 1."""
ITEM_COLUMNS = {"ndcg@10": "ndcg10", "recall@20": "recall20"}
COUNTED = {"recall", "precision", "hit_rate"}
"""What follows from the number of hits alone."""


def tabulate_hits(results: Mapping[str, TaskResult], ids: np.ndarray) -> "pl.DataFrame | None":
    """Return one row per task and user: task, user, truth, top10, hits20; None without any."""
    parts = [
        (task, ids[one.users], (one.hits.truth, one.hits.top10, one.hits.hits20))
        for task, one in results.items()
        if one.hits is not None
    ]
    return _tabulate(HITS, parts, ("Int32", "UInt16", "UInt8"))


def tabulate_contributions(
    results: Mapping[str, TaskResult], ids: np.ndarray
) -> "pl.DataFrame | None":
    """Return one row per task and cold item: task, item, users, ndcg10, recall20 in steps."""
    parts = [
        (task, ids[one.items], (one.item_users, *(_steps(one.per_item[n]) for n in ITEM_COLUMNS)))
        for task, one in results.items()
        if one.hits is not None and one.per_item.keys() >= ITEM_COLUMNS.keys()
    ]
    return _tabulate(ITEMS, parts, ("Int32", "Int32", "Int32"))


def _steps(sums: DoubleArray) -> LongArray:
    return np.rint(sums * STEPS).astype(np.int64)


def _tabulate(
    kind: TableKind, parts: list[tuple[str, np.ndarray, tuple[Any, ...]]], types: tuple[str, ...]
) -> "pl.DataFrame | None":
    if not parts:
        return None
    import polars as pl

    task, entity = kind.keys
    frames = [
        pl.DataFrame({task: np.full(len(ids), name), entity: ids})
        .with_columns(pl.col(entity).cast(pl.String))
        .with_columns(
            pl.Series(column, one, dtype=getattr(pl, to))
            for column, one, to in zip(kind.values, columns, types, strict=True)
        )
        for name, ids, columns in parts
    ]
    return kind.arranged(pl.concat(frames))


def is_stored(metric: str) -> bool:
    """Say whether a metric follows from the hits that are stored."""
    found = re.fullmatch(r"(.+)@(\d+)", metric)
    if found is None:
        return False
    name, k = found[1], int(found[2])
    return (
        name in COUNTED
        if k == DEEP
        else 1 <= k <= TOP and any(one.name == name for one in BUILT_IN)
    )


def compute_values(rows: "pl.DataFrame", metric: str) -> DoubleArray:
    """Return the values of stored users, float64 in the order of the rows.

    Parameters
    ----------
    rows
        Of the table of hits.
    metric
        One for which ``is_stored`` holds.
    """
    name, _, cutoff = metric.partition("@")
    k, truth = int(cutoff), rows["truth"].cast(int).to_numpy()
    if k == DEEP:
        # Any list with as many hits has the same value: they are put at its head.
        hits = np.arange(DEEP) < rows["hits20"].cast(int).to_numpy()[:, None]
    else:
        hits = (rows["top10"].cast(int).to_numpy()[:, None] >> np.arange(TOP)) & 1 == 1
    (metric_class,) = (one for one in BUILT_IN if one.name == name)
    ranked = Ranked(np.empty((len(hits), 0), dtype=np.int32), hits, truth, truth)
    return metric_class().per_user(ranked, k)
