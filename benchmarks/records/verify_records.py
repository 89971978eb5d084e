"""Verification of a folder of records: every invalid file, by name."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ...datasets.errors import ColdbenchError
from .board_tables import find_own, not_named, packed_digests
from .digests import hash_file
from .pack import check_packed
from .partial_records import AS_WRITTEN
from .per_user_tables import rankings_path, users_path
from .record import RunRecord, read_verified
from .table_kinds import DETAILS, KINDS, TableKind

_AGAIN = "make it again with force=true"
_EARLIER = f"is of an earlier run, its record does not name it; remove it, or {_AGAIN}"
PARQUET = b"PAR1"
"""A Parquet file begins and ends with it."""


@dataclass
class FolderReport:
    """What a folder holds.

    Attributes
    ----------
    statuses
        How many records of each status can be believed.
    tables
        How many tables next to them are whole and those that their records name.
    packed
        How many tables of runs are so within a packed one.
    alone
        How many tables have no record: what was cut short, and is written again by its run.
    temporary
        How many files writers left that were killed; nothing reads them.
    problems
        A sentence with path and remedy for each file that is not what it says.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    tables: int = 0
    packed: int = 0
    alone: int = 0
    temporary: int = 0
    problems: list[str] = field(default_factory=list)


def verify(home: Path) -> FolderReport:
    """Check every record below a folder by its own rule, and the tables next to it."""
    found = FolderReport()
    for path in sorted(home.glob("*/*/*/*.json")):
        try:
            record = read_verified(path, AS_WRITTEN)
        except ColdbenchError as error:
            found.problems.append(str(error))
            continue
        found.statuses[record.status.value] += 1
        _verify_tables(path, record, found)
        _verify_rows(path, record, found)
    for path in sorted(home.glob("*/*/*.parquet")):
        _verify_packed(path, found)
    packed = {one.name for one in KINDS}
    for path in home.glob("*/*/*/*.parquet"):
        if path.stem in packed:  # of a folder of records below this one
            continue
        found.alone += not path.with_name(f"{path.name.split('.')[0]}.json").exists()
    found.temporary = sum(1 for _ in home.glob("*/*/*/.*.tmp"))
    return found


def _verify_tables(path: Path, record: RunRecord, found: FolderReport) -> None:
    tables = (users_path(path), record.users_sha256), (rankings_path(path), record.rankings_sha256)
    for table, digest in tables:
        if table.exists():
            problem = _problem(table, record, digest)
            found.tables += problem is None
            found.problems += [] if problem is None else [problem]


def _verify_rows(path: Path, record: RunRecord, found: FolderReport) -> None:
    """Check what a record names of the tables of its board; its details must be somewhere."""
    for kind in KINDS:
        own, digest = kind.own_path(path), getattr(record, f"{kind.name}_sha256")
        try:
            if own.exists() and digest is None:
                found.problems.append(f"{own} {_EARLIER}")
            elif digest is not None and find_own(kind, path, digest) is not None:
                found.tables += 1
            elif digest is not None:
                found.problems += _missing(kind, path, digest)
        except ColdbenchError as error:
            found.problems.append(str(error))


def _missing(kind: TableKind, path: Path, digest: str) -> list[str]:
    """Return what is wrong with a run that has no file of its own of a kind."""
    packed = kind.packed_path(path)
    held = packed_digests(packed).get(path.stem)
    if held is None and kind is DETAILS:
        return [f"{path} names details that are in no table; restore {packed}, or {_AGAIN}"]
    if held not in (None, digest):
        return [str(not_named(packed, path.stem))]
    return []


def _verify_packed(packed: Path, found: FolderReport) -> None:
    """Check that a packed table holds the rows that it says it holds."""
    kind = next((one for one in KINDS if one.name == packed.stem), None)
    if kind is None:
        return
    try:
        digests = packed_digests(packed)
        check_packed(kind, packed, digests)
    except ColdbenchError as error:
        found.problems.append(str(error))
    else:
        found.packed += len(digests)


def _problem(table: Path, record: RunRecord, digest: str | None) -> str | None:
    """Return what is wrong with a table that is there; records of schema 1 name none."""
    if record.schema_ == 1:
        content = table.read_bytes()
        whole = content.startswith(PARQUET) and content.endswith(PARQUET)
        return None if whole else f"{table} is not a whole Parquet file; {_AGAIN}"
    if digest is None:
        return f"{table} {_EARLIER}"
    if hash_file(table) != digest:
        return f"{table} is not the table that its record names, its sha256 differs; {_AGAIN}"
    return None
