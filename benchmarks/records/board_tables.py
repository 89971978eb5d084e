"""The tables of a leaderboard's runs: one small file per run, or all of them packed in one.

A run leaves ``<run_id>.<kind>.parquet`` next to its record; ``coldbench results pack`` merges these
into ``<kind>.parquet`` of the folder of scenario and dataset. Where both hold a run its own file
counts. What a record names is the digest of the rows, which is the same in either file.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...datasets.atomic import replace_atomically
from ...datasets.errors import ColdbenchError
from .disk_space import explain_os_error
from .packed_form import decode, encode, is_current
from .table_kinds import RUN, TableKind

if TYPE_CHECKING:
    import polars as pl

LEVEL = 11
"""Of brotli, for packed tables: a sixteenth smaller than zstd at its slowest, read as fast."""
PAGE = 1 << 23
"""Bytes of values compressed together in packed tables: what repeats is far apart."""
_DIGESTS = "coldbench digests"


def write_own(kind: TableKind, path: Path, rows: "pl.DataFrame") -> str:
    """Write the table of one run, atomically, and return the digest of its rows."""
    with replace_atomically(path) as file:
        kind.arranged(rows).write_parquet(file, compression="zstd")
    return kind.digest(rows)


def write_packed(
    kind: TableKind, path: Path, rows: "pl.DataFrame", digests: Mapping[str, str]
) -> None:
    """Write the table of several runs, atomically, with the digest of each by ``run_id``.

    Raises
    ------
    ColdbenchError
        When it cannot be written; what stood there still does.
    """
    told = {_DIGESTS: json.dumps(dict(sorted(digests.items())))}
    try:
        with replace_atomically(path) as file:
            encode(kind, rows).write_parquet(
                file,
                compression="brotli",
                compression_level=LEVEL,
                row_group_size=max(1, len(rows)),
                data_page_size=PAGE,
                metadata=told,
            )
    except OSError as error:
        raise ColdbenchError(
            f"{path} could not be written: {explain_os_error(error)}; nothing was lost"
        ) from error


def read_own(kind: TableKind, record: Path) -> "pl.DataFrame | None":
    """Return the rows of a run's own file; None where there is none.

    Raises
    ------
    ColdbenchError
        When it is not such a table.
    """
    import polars as pl

    path = kind.own_path(record)
    try:
        return pl.read_parquet(path, columns=list(kind.columns))
    except FileNotFoundError:
        return None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ColdbenchError(
            f"{path} is not a readable table ({' '.join(str(error).split())}); make it again with "
            "force=true"
        ) from error


def find_own(kind: TableKind, record: Path, digest: str) -> "pl.DataFrame | None":
    """Return the rows of a run's own file; None where there is none.

    Raises
    ------
    ColdbenchError
        When they are not those that the record names, by their digest.
    """
    rows = read_own(kind, record)
    if rows is not None and kind.digest(rows) != digest:
        raise not_named(kind.own_path(record))
    return rows


def packed_digests(packed: Path) -> dict[str, str]:
    """Return the digest of each run of a packed table, as its writer found it; none without one."""
    return _digests(packed, *find_state(packed)) if packed.exists() else {}


def is_outdated(kind: TableKind, packed: Path) -> bool:
    """Say whether a packed table is of an earlier form, which takes more space."""
    import polars as pl

    return packed.exists() and not is_current(kind, pl.read_parquet_schema(packed))


def find_packed(kind: TableKind, record: Path, digest: str) -> Path | None:
    """Return the packed table that holds the rows of a run; None where none does.

    Raises
    ------
    ColdbenchError
        When they are not those that the record names, by their digest.
    """
    packed = kind.packed_path(record)
    held = packed_digests(packed).get(record.stem)
    if held is not None and held != digest:
        raise not_named(packed, record.stem)
    return packed if held is not None else None


def read_packed(kind: TableKind, packed: Path, task: str | None = None) -> "pl.DataFrame":
    """Return a packed table, or its rows of one task.

    Raises
    ------
    ColdbenchError
        When it is not such a table.
    """
    import polars as pl

    try:
        lazy = pl.scan_parquet(packed)
        kept = lazy if task is None else lazy.filter(pl.col("task") == task)
        return decode(kind, kept).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(packed, error) from error


@lru_cache(maxsize=32)
def _digests(packed: Path, *state: int) -> dict[str, str]:
    import polars as pl

    try:
        return dict(json.loads(pl.read_parquet_metadata(packed)[_DIGESTS]))
    except (pl.exceptions.PolarsError, OSError, ValueError, KeyError) as error:
        raise _unreadable(packed, error) from error


def find_state(path: Path) -> tuple[int, int, int]:
    """Return what changes when a file is replaced."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _unreadable(packed: Path, error: Exception) -> ColdbenchError:
    return ColdbenchError(
        f"{packed} is not a readable table ({' '.join(str(error).split())}); restore it, or remove "
        "it and make its runs again with force=true"
    )


def find_rows(kind: TableKind, record: Path, digest: str | None) -> "pl.DataFrame | None":
    """Return the rows of one run, from its own file or else the packed table.

    Parameters
    ----------
    digest
        As the record names it; None says that there are none.

    Raises
    ------
    ColdbenchError
        When what is there is not what the record names.
    """
    if digest is None:
        return None
    rows = find_own(kind, record, digest)
    if rows is not None:
        return rows
    packed = find_packed(kind, record, digest)
    return None if packed is None else _by_run(kind, packed, *find_state(packed)).get(record.stem)


@lru_cache(maxsize=2)
def _by_run(kind: TableKind, packed: Path, *state: int) -> "dict[str, pl.DataFrame]":
    parts = read_packed(kind, packed).partition_by(RUN, as_dict=True, include_key=False)
    return {str(run): rows for (run,), rows in parts.items()}


def not_named(path: Path, run: str | None = None) -> ColdbenchError:
    """Return the refusal of rows that are not those that a record names."""
    rows = "the table" if run is None else f"the table of run {run}"
    return ColdbenchError(
        f"{path} is not {rows} that its record names: the digest differs; make it again with "
        "force=true"
    )
