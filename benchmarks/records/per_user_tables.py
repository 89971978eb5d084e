"""The Parquet files next to a record: values by user and by item, and ranked lists."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...datasets.atomic import replace_atomically
from ...datasets.dataset import Dataset
from ...datasets.errors import ColdbenchError
from ..evaluation.task_result import TaskResult
from .board_tables import write_own
from .compact_values import tabulate_contributions, tabulate_hits
from .digests import hash_file
from .disk_space import explain_os_error
from .table_kinds import HITS, ITEMS

if TYPE_CHECKING:
    import polars


def users_path(record: Path) -> Path:
    """Return the path of the per-user values next to a record."""
    return record.with_suffix(".users.parquet")


def rankings_path(record: Path) -> Path:
    """Return the path of the ranked lists next to a record."""
    return record.with_suffix(".rankings.parquet")


@dataclass(frozen=True)
class _Writer:
    """Writes the tables of one run, each by the method of its name; returns their digests."""

    record: Path
    results: Mapping[str, TaskResult]
    data: Dataset

    def users(self, path: Path) -> str:
        write_users(path, self.results, self.data)
        return hash_file(path)

    def rankings(self, path: Path) -> str:
        write_rankings(path, self.results, self.data)
        return hash_file(path)

    def hits(self, path: Path) -> str | None:
        rows = tabulate_hits(self.results, self.data.user_ids)
        return None if rows is None else write_own(HITS, path, rows)

    def items(self, path: Path) -> str | None:
        rows = tabulate_contributions(self.results, self.data.item_ids)
        return None if rows is None else write_own(ITEMS, path, rows)


def write_tables(
    record: Path, results: Mapping[str, TaskResult], data: Dataset, *, rankings: bool
) -> dict[str, Any]:
    """Write the tables next to a record and return what the record says of them.

    That is the digest of each, and why one could not be written. A table of an earlier attempt
    does not stay where the new one fails: it would not be that of the record.
    """
    writer = _Writer(record, results, data)
    ways: dict[str, tuple[Path, Callable[[Path], str | None]]] = {
        "users": (users_path(record), writer.users),
        "hits": (HITS.own_path(record), writer.hits),
        "items": (ITEMS.own_path(record), writer.items),
    }
    if rankings:
        ways["rankings"] = (rankings_path(record), writer.rankings)
    digests: dict[str, str | None] = {}
    missing = {}
    for name, (path, way) in ways.items():
        try:
            digests[f"{name}_sha256"] = way(path)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # the scores are worth keeping whatever a table does
            message = (
                explain_os_error(error)
                if isinstance(error, OSError)
                else " ".join(str(error).split())
            )
            missing[name] = message
            logging.getLogger(__name__).warning(
                "the scores are kept, but %s could not be written: %s",
                path.name,
                message,
                exc_info=error,
            )
        if digests.get(f"{name}_sha256") is None:
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return {"missing_tables": missing} | digests


def write_users(path: Path, results: Mapping[str, TaskResult], data: Dataset) -> None:
    """Write one row per task and user: task, user (original id), then one column per value.

    A value that is undefined for a user is null.
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
    """Write the frames as one table, atomically."""
    import polars as pl

    table = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
    with replace_atomically(path) as file:
        table.write_parquet(file, compression="zstd")


def check_table(path: Path, digest: str | None) -> None:
    """Refuse a table that is not the one its record names.

    Parameters
    ----------
    digest
        As in the record; None, in records of schema 1, says nothing.

    Raises
    ------
    ColdbenchError
        With the path and the remedy.
    """
    if digest is not None and hash_file(path) != digest:
        raise ColdbenchError(
            f"{path} is not the table that its record names: its sha256 does not match; make it "
            f"again with force=true"
        )
