"""Merging: the records and tables of several folders in one, equal ones once, nothing lost.

Everything is compared before anything is written. A record is written after its tables, and each
atomically, so that a merge that is killed leaves whole records; the same command goes on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ...datasets.atomic import replace_atomically
from ...datasets.errors import ColdbenchError
from ..records.board_lock import hold_board
from ..records.disk_space import explain_os_error
from ..records.partial_records import AS_WRITTEN
from ..records.record import Status, read, read_verified, record_path
from ..records.shared_values import read_whole
from .merged_tables import TableCopy, read_tables


@dataclass(frozen=True)
class Source:
    """A record in one of the folders.

    Attributes
    ----------
    digest
        Of its file.
    """

    path: Path
    digest: str
    status: Status
    started: str


@dataclass
class Merged:
    """What a merge did.

    Attributes
    ----------
    added, replaced, equal
        How many records were new, took the place of another one, and were there already.
    tables
        How many tables were written.
    problems
        A sentence for each file that is not what it says; it is left out.
    """

    added: int = 0
    replaced: int = 0
    equal: int = 0
    tables: int = 0
    problems: list[str] = field(default_factory=list)


def merge(folders: Sequence[Path], target: Path, *, keep_newest: bool = False) -> Merged:
    """Bring the records of several folders, with their tables, into one.

    Parameters
    ----------
    folders
        Read only, in this order; ``target`` may be one of them.
    target
        Where all is afterwards; what it holds already takes part.
    keep_newest
        Of the same run with different content, keep the one that was started last.

    Raises
    ------
    ColdbenchError
        When there are such runs and nothing says which to keep; nothing is written then. When the
        target cannot be written.
    """
    done = Merged()
    present = dict(_read(target, done)) if target.is_dir() else {}
    chosen, equal, conflicts = dict(present), list[tuple[Path, Source]](), list[str]()
    others = [one for one in folders if one.resolve() != target.resolve()]
    for place, one in (pair for folder in others for pair in _read(folder, done)):
        known = chosen.setdefault(place, one)
        if known.digest == one.digest:
            if known is not one:
                equal.append((place, one))
            continue
        kept = _choose(known, one, keep_newest)
        if kept is None:
            conflicts.append(_describe(known, one))
        else:
            chosen[place] = kept
    if conflicts:
        raise ColdbenchError(_refuse(conflicts))
    for place, one in sorted(chosen.items()):
        if one is not present.get(place):
            _bring(one, target / place, done, replaces=place in present)
    for place, one in equal:
        if one.digest == chosen[place].digest:
            _complete(one, target / place, done)
    return done


def _read(folder: Path, done: Merged) -> Iterator[tuple[Path, Source]]:
    """Yield the records of a folder that can be believed, by their place in it."""
    for path in sorted(folder.glob("*/*/*/*.json")):
        try:
            digest = sha256(read_whole(path)).hexdigest()
            record = read_verified(path, AS_WRITTEN)
        except (ColdbenchError, OSError) as error:
            done.problems.append(str(error))
            continue
        yield record_path(Path(), record), Source(path, digest, record.status, record.started)


def _choose(known: Source, one: Source, keep_newest: bool) -> Source | None:
    """Return which of two different records of a run is kept; None where nothing says.

    A success replaces what has no scores, as a run does.
    """
    successes = [each for each in (known, one) if each.status is Status.OK]
    if len(successes) == 1:
        return successes[0]
    if successes and not keep_newest:
        return None
    return one if one.started > known.started else known


def _describe(known: Source, one: Source) -> str:
    same = read(known.path, AS_WRITTEN).scores == read(one.path, AS_WRITTEN).scores
    what = "the values are equal, time or machine differ" if same else "the values differ"
    return f"{known.path} and {one.path}: {what}, started {known.started} and {one.started}"


def _refuse(conflicts: Sequence[str]) -> str:
    shown = "\n".join(conflicts[:20])
    more = f"\nand {len(conflicts) - 20} more" if len(conflicts) > 20 else ""
    return (
        f"{len(conflicts)} runs are in two folders with different content, and nothing was merged; "
        f"--keep newest takes those that were started last, and coldbench results compare shows "
        f"the values that differ:\n{shown}{more}"
    )


def _bring(one: Source, path: Path, done: Merged, *, replaces: bool) -> None:
    """Write a record with its tables into the target."""
    try:
        content, tables = read_whole(one.path), read_tables(one.path)
    except ColdbenchError as error:  # a table or value that is not the one that the record names
        done.problems.append(str(error))
        return
    try:
        with hold_board(path.parent.parent, alone=False):
            if replaces:  # its tables are not those of the new record, which would be refused
                path.unlink(missing_ok=True)
                for table in path.parent.glob(f"{path.stem}.*.parquet"):
                    table.unlink()
            for copy in tables:
                copy.write(path)
            with replace_atomically(path, once=True) as file:
                file.write(content)
    except FileExistsError:
        done.problems.append(f"{path} was made meanwhile; repeat the command to compare it")
        return
    except OSError as error:
        raise _unwritten(path, error) from error
    done.tables += len(tables)
    done.replaced += replaces
    done.added += not replaces


def _complete(one: Source, path: Path, done: Merged) -> None:
    """Write the tables that the same record has in one folder and lacks in the target."""
    done.equal += 1
    try:
        lacking: list[TableCopy] = [
            copy for copy in read_tables(one.path) if not copy.is_there(path)
        ]
        with hold_board(path.parent.parent, alone=False):
            for copy in lacking:
                copy.write(path)
    except OSError as error:
        raise _unwritten(path, error) from error
    except ColdbenchError as error:
        done.problems.append(str(error))
        return
    done.tables += len(lacking)


def _unwritten(path: Path, error: OSError) -> ColdbenchError:
    return ColdbenchError(
        f"{path} could not be written: {explain_os_error(error)}; what was merged before it is "
        "whole, and the same command goes on"
    )
