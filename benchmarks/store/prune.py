"""What no leaderboard needs of a folder of records, and its removal."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ...datasets.atomic import find_stale
from ...datasets.errors import ColdbenchError
from ..records.board_lock import hold_board
from ..records.disk_space import explain_os_error
from .found_marks import list_live, list_stale
from .glance import glance
from .superseded import list_superseded

TEMPORARY_SECONDS = 600.0
"""Age of a temporary file from which its writer, which is not there, does not come back."""
CHECKPOINTS = ".checkpoints"
_OF_A_RUN = re.compile(r"[0-9a-f]{16}\.(json|\w+\.parquet)|\..+\.tmp")
"""Files next to a record; packed tables of a folder of records below this one are others."""

WRITERS = "temporary files of writers that were killed"
ALONE = "tables of runs that were cut short"
FAILURES = "failed records that a later success supersedes"
VERSIONS = "records of older code versions"
MARKS = "marks of processes that are gone"
TRAININGS = "checkpoints of runs that have a record"


@dataclass(frozen=True)
class Needless:
    """Files that are removed together.

    Attributes
    ----------
    why
        One of the reasons above.
    paths
        In the order of their removal: a record before its tables.
    """

    why: str
    paths: tuple[Path, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        files = [file for one in self.paths for file in ([one] if one.is_file() else _below(one))]
        return sum(one.stat().st_size for one in files)


def _below(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


@dataclass
class Pruning:
    """What is needless, and what could not be looked at or removed, in sentences."""

    needless: list[Needless] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def prune(home: Path, *, older_versions: bool = False, remove: bool = False) -> Pruning:
    """Find what no leaderboard needs, and remove it.

    Parameters
    ----------
    home
        Folder of the records.
    older_versions
        Also successes that a newer version of their code has repeated.
    remove
        Else nothing is touched.
    """
    done = Pruning()
    _take(done, _list_elsewhere(home), remove)
    for folder in _list_boards(home):
        try:
            with ExitStack() as lock:
                if remove:  # a run that writes its tables, before its record, has the lock
                    lock.enter_context(hold_board(folder, alone=True))
                _take(done, _list_in_board(folder, older_versions), remove)
        except ColdbenchError as error:
            done.problems.append(str(error))
    return done


def _list_boards(home: Path) -> list[Path]:
    """Return the folders of scenario and dataset that hold a file of a run, or a part of one."""
    return sorted(
        {path.parent.parent for path in home.glob("*/*/*/*") if _OF_A_RUN.fullmatch(path.name)}
        | {path.parent for path in home.glob("*/*/.*.tmp")}
    )


def _take(done: Pruning, found: Iterator[Needless], remove: bool) -> None:
    for one in list(found):
        size = one.size
        try:
            if remove:
                _remove(one)
        except OSError as error:
            done.problems.append(f"{one.paths[0]} is not removed: {explain_os_error(error)}")
            continue
        done.needless.append(one)
        done.sizes.append(size)


def _remove(one: Needless) -> None:
    for path in one.paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _list_elsewhere(home: Path) -> Iterator[Needless]:
    for path in list_stale(home):
        yield Needless(MARKS, (path,))
    for path in find_stale(home / ".sweeps", TEMPORARY_SECONDS):
        yield Needless(WRITERS, (path,))
    ended = {path.stem for path in home.glob("*/*/*/*.json") if glance(path).status == "ok"}
    for folder in sorted((home / CHECKPOINTS).glob("*")):
        if folder.name in ended and not list_live(home):
            yield Needless(TRAININGS, (folder,))


def _list_in_board(folder: Path, older_versions: bool) -> Iterator[Needless]:
    for place in (folder, *sorted(one for one in folder.iterdir() if one.is_dir())):
        for path in find_stale(place, TEMPORARY_SECONDS):
            yield Needless(WRITERS, (path,))
    for path in sorted(folder.glob("*/*.parquet")):
        of_a_run = _OF_A_RUN.fullmatch(path.name)
        if of_a_run and not path.with_name(f"{path.name.split('.')[0]}.json").exists():
            yield Needless(ALONE, (path,))
    records = [glance(path) for path in sorted(folder.glob("*/*.json"))]
    failures, versions = list_superseded(records)
    for one in failures:
        yield Needless(FAILURES, _with_tables(one.path))
    for one in versions if older_versions else ():
        yield Needless(VERSIONS, _with_tables(one.path))


def _with_tables(record: Path) -> tuple[Path, ...]:
    tables: Sequence[Path] = sorted(record.parent.glob(f"{record.stem}.*.parquet"))
    return record, *tables
