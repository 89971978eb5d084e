"""Verification of a folder of records: every invalid file, by name."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ...datasets.errors import ColdbenchError
from .digests import hash_file
from .per_user_tables import rankings_path, users_path
from .record import RunRecord, read_verified

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
    alone
        How many tables have no record: what was cut short, and is written again by its run.
    temporary
        How many files writers left that were killed; nothing reads them.
    problems
        A sentence with path and remedy for each file that is not what it says.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    tables: int = 0
    alone: int = 0
    temporary: int = 0
    problems: list[str] = field(default_factory=list)


def verify(home: Path) -> FolderReport:
    """Check every record below a folder by its own rule, and the tables next to it."""
    found = FolderReport()
    for path in sorted(home.glob("*/*/*/*.json")):
        try:
            record = read_verified(path)
        except ColdbenchError as error:
            found.problems.append(str(error))
            continue
        found.statuses[record.status.value] += 1
        _verify_tables(path, record, found)
    for path in home.glob("*/*/*/*.parquet"):
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


def _problem(table: Path, record: RunRecord, digest: str | None) -> str | None:
    """Return what is wrong with a table that is there; records of schema 1 name none."""
    again = "make it again with force=true"
    if record.schema_ == 1:
        content = table.read_bytes()
        whole = content.startswith(PARQUET) and content.endswith(PARQUET)
        return None if whole else f"{table} is not a whole Parquet file; {again}"
    if digest is None:
        return f"{table} is of an earlier run, its record does not name it; remove it, or {again}"
    if hash_file(table) != digest:
        return f"{table} is not the table that its record names, its sha256 differs; {again}"
    return None
