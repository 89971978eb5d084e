"""What lies in the cache: how much of each kind, when it was last used, and its removal."""

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .cache import find_data_folder
from .errors import DataError

DAY = 86_400.0


@dataclass(frozen=True)
class CacheEntry:
    """One file or folder that was computed once.

    Attributes
    ----------
    kind
        ``text_vectors``, ``als_factors``: the folder it lies in.
    path
        Of the file or folder.
    bytes
        On the disk, of all its files.
    used
        Seconds since 1970 of its last reading or writing, to a day: most file systems note no more
        of a reading.
    """

    kind: str
    path: Path
    bytes: int
    used: float


def list_entries() -> list[CacheEntry]:
    """Return every entry of the cache, by kind and name; what vanishes meanwhile is left out.

    Raises
    ------
    DataError
        When an entry cannot be read.
    """
    found = []
    for path in sorted((find_data_folder() / "cache").glob("*/*")):
        try:
            files = [one for one in (path, *path.rglob("*")) if one.is_file()]
            states = [one.stat() for one in files or [path]]
        except FileNotFoundError:  # another process removes or replaces it
            continue
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error}") from error
        size = sum(one.st_size for one in states) if files else 0
        used = max(max(one.st_mtime, one.st_atime) for one in states)
        found.append(CacheEntry(path.parent.name, path, size, used))
    return found


def choose_entries(
    entries: Sequence[CacheEntry], kinds: Sequence[str], unused_days: float = 0.0
) -> list[CacheEntry]:
    """Return the entries of some kinds, or those of them that were not used for so many days.

    Raises
    ------
    DataError
        When there is nothing of a kind, or the days are no number from 0 on.
    """
    held = sorted({one.kind for one in entries})
    for kind in kinds:
        if kind not in held:
            raise DataError(
                f"nothing of kind {kind!r} is in {find_data_folder() / 'cache'}",
                remedy=f"kinds there: {', '.join(held) or 'none'}",
            )
    if not unused_days >= 0:
        raise DataError(f"{unused_days:g} days are no time", remedy="give 0 or more")
    before = time.time() - unused_days * DAY
    return [one for one in entries if one.kind in kinds and one.used <= before]


def remove_entries(entries: Sequence[CacheEntry]) -> list[CacheEntry]:
    """Remove entries and return those that were still there; a run computes them again.

    A folder is renamed first, so that no run finds half of it.

    Raises
    ------
    DataError
        When an entry cannot be removed.
    """
    removed = []
    for one in entries:
        try:
            if one.path.is_dir():
                gone = one.path.with_name(f".{one.path.name}.{os.getpid()}.removed")
                shutil.rmtree(one.path.rename(gone))
            else:
                one.path.unlink()
        except FileNotFoundError:  # another process was faster
            continue
        except OSError as error:
            raise DataError(f"{one.path} cannot be removed: {error}") from error
        removed.append(one)
    return removed
