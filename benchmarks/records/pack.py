"""Packing: the tables of a board's runs are merged into one file of each kind, and what their
records share is written once.

The packed table is on the disk, and read back, before the files that it replaces are removed, so
that a packer that is killed at any point loses nothing: what it left is packed by the next one.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...datasets.atomic import sweep_stale
from ...datasets.errors import ColdbenchError
from .board_lock import hold_board
from .board_tables import (
    is_outdated,
    not_named,
    packed_digests,
    read_own,
    read_packed,
    write_packed,
)
from .disk_space import explain_os_error
from .partial_records import AS_WRITTEN
from .record import RunRecord, read
from .shared_values import FILE, share_values
from .table_kinds import KINDS, RUN, TableKind

if TYPE_CHECKING:
    import polars as pl


@dataclass
class Packed:
    """What a packing did.

    Attributes
    ----------
    boards
        Folders of a scenario and dataset.
    merged
        Tables of runs that were merged.
    left_out
        Tables of runs whose record is gone, which are packed no longer.
    shortened
        Records that now refer to the values that they share with others.
    bytes
        Of the packed tables.
    problems
        A sentence with path and remedy for each file that could not be packed; it is left alone.
    """

    boards: int = 0
    merged: int = 0
    left_out: int = 0
    shortened: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list)


def pack(home: Path) -> Packed:
    """Pack the tables of every board below a folder; packed once more, nothing changes."""
    done = Packed()
    for folder in sorted({path.parent.parent for path in home.glob("*/*/*/*.json")}):
        done.boards += 1
        with hold_board(folder, alone=True):
            sweep_stale(folder)
            _pack_board(folder, done)
    return done


def _pack_board(folder: Path, done: Packed) -> None:
    records: dict[Path, RunRecord | None] = {}
    for path in sorted(folder.glob("*/*.json")):
        try:
            records[path] = read(path, AS_WRITTEN)
        except ColdbenchError as error:
            records[path] = None
            done.problems.append(str(error))
    for kind in KINDS:
        packed = folder / f"{kind.name}.parquet"
        try:
            _pack_kind(kind, packed, records, done)
        except ColdbenchError as error:
            done.problems.append(str(error))
        done.bytes += packed.stat().st_size if packed.exists() else 0
    try:
        done.shortened += share_values(folder, [path for path, one in records.items() if one])
    except ColdbenchError as error:
        done.problems.append(str(error))
    except OSError as error:
        done.problems.append(
            f"{folder / FILE} could not be written: {explain_os_error(error)}; nothing was lost"
        )


def _pack_kind(
    kind: TableKind, packed: Path, records: dict[Path, RunRecord | None], done: Packed
) -> None:
    """Merge the files of one kind into their packed table, then remove them."""
    import polars as pl

    held = packed_digests(packed)
    fresh = dict(_read_fresh(kind, records, done))
    digests = {path.stem: _named(kind, one) for path, one in records.items()}
    unread = {path.stem for path, one in records.items() if one is None}
    kept = {run: one for run, one in held.items() if run in unread or digests.get(run) == one}
    kept = {run: one for run, one in kept.items() if run not in _stems(fresh)}
    gone = len(held.keys() - kept.keys() - _stems(fresh))
    if fresh or gone or is_outdated(kind, packed):
        told = kept | {path.stem: str(digests[path.stem]) for path in fresh}
        frames = [rows.with_columns(pl.lit(path.stem).alias(RUN)) for path, rows in fresh.items()]
        if kept:
            old = read_packed(kind, packed)
            frames.append(old.filter(pl.col(RUN).is_in(list(kept))))
        _replace(kind, packed, frames, told)
        done.merged += len(fresh)
        done.left_out += gone
    for path in fresh:
        kind.own_path(path).unlink()


def _read_fresh(
    kind: TableKind, records: dict[Path, RunRecord | None], done: Packed
) -> "Iterator[tuple[Path, pl.DataFrame]]":
    """Yield the rows of every file that is there and is the one that its record names."""
    for path, record in records.items():
        try:
            rows = None if record is None else read_own(kind, path)
            if rows is None:
                continue
            if kind.digest(rows) != _named(kind, record):
                raise not_named(kind.own_path(path))
        except ColdbenchError as error:
            done.problems.append(str(error))
            continue
        yield path, rows


def _named(kind: TableKind, record: RunRecord | None) -> str | None:
    """Return the digest that a record names."""
    return None if record is None else getattr(record, f"{kind.name}_sha256")


def _stems(paths: "dict[Path, pl.DataFrame]") -> set[str]:
    return {path.stem for path in paths}


def _replace(
    kind: TableKind, packed: Path, frames: "list[pl.DataFrame]", digests: dict[str, str]
) -> None:
    """Write the packed table and make sure that it holds what the files did."""
    import polars as pl

    if not frames:
        packed.unlink()
        return
    columns = (RUN, *kind.columns)
    rows = pl.concat([one.select(columns) for one in frames], how="vertical_relaxed")
    write_packed(kind, packed, kind.sorted_for_packing(rows), digests)
    _sync(packed.parent)
    check_packed(kind, packed, digests)


def _sync(folder: Path) -> None:
    """Wait until the folder's entries are on the disk: a new file's name is one."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_packed(kind: TableKind, packed: Path, digests: dict[str, str]) -> None:
    """Refuse a packed table whose rows are not those of the digests.

    Raises
    ------
    ColdbenchError
        With the first run that differs.
    """
    parts = read_packed(kind, packed).partition_by(RUN, as_dict=True)
    for run, digest in digests.items():
        rows = parts.get((run,))
        if rows is None or kind.digest(rows) != digest:
            raise not_named(packed, run)
