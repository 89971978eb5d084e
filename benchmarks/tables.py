"""What stands beside a record as Parquet: figures per user, and the ranked lists."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..datasets.atomic import replacing
from ..datasets.dataset import Dataset
from .evaluation.results import TaskResult

if TYPE_CHECKING:
    import polars


def users_path(record: Path) -> Path:
    """Return the path of the per-user figures beside a record."""
    return record.with_suffix(".users.parquet")


def rankings_path(record: Path) -> Path:
    """Return the path of the ranked lists beside a record."""
    return record.with_suffix(".rankings.parquet")


def write_users(path: Path, results: Mapping[str, TaskResult], data: Dataset) -> None:
    """Write one row per task and user: task, user (original id), then one column per figure.

    A figure that is undefined for a user is null.
    """
    import polars as pl

    frames = []
    for task, result in results.items():
        columns: dict[str, Any] = {
            "task": np.full(len(result.users), task),
            "user": data.user_ids[result.users],
        }
        columns |= dict(sorted(result.per_user.items()))
        frames.append(pl.DataFrame(columns, nan_to_null=True))
    _write(path, frames)


def write_rankings(path: Path, results: Mapping[str, TaskResult], data: Dataset) -> None:
    """Write one row per task, user and rank (from 1): task, user, rank, item, score."""
    import polars as pl

    frames = []
    for task, result in results.items():
        if result.rankings is None:
            continue
        lists = result.rankings
        row, column = np.nonzero(lists.items >= 0)
        frames.append(
            pl.DataFrame(
                {
                    "task": np.full(len(row), task),
                    "user": data.user_ids[lists.users[row]],
                    "rank": (column + 1).astype(np.int32),
                    "item": data.item_ids[lists.items[row, column]],
                    "score": lists.scores[row, column],
                }
            )
        )
    _write(path, frames)


def _write(path: Path, frames: "list[polars.DataFrame]") -> None:
    """Write the frames as one table, whole or not at all."""
    import polars as pl

    table = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
    with replacing(path) as file:
        table.write_parquet(file, compression="zstd")
