"""What lies in the cache: how much of each kind, when it was last used, and its removal."""

import shutil
import time
from contextlib import suppress
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
    """Return every entry of the cache, by kind and name; what vanishes meanwhile is left out."""
    found = []
    for path in sorted((find_data_folder() / "cache").glob("*/*")):
        with suppress(OSError):  # another process removes or replaces it
            files = [one for one in (path, *path.rglob("*")) if one.is_file()]
            states = [one.stat() for one in files or [path]]
            size = sum(one.st_size for one in states) if files else 0
            used = max(max(one.st_mtime, one.st_atime) for one in states)
            found.append(CacheEntry(path.parent.name, path, size, used))
    return found


def remove_entries(kinds: list[str], unused_days: float = 0.0) -> list[CacheEntry]:
    """Remove entries of some kinds and return them; they are computed again where they are needed.

    Parameters
    ----------
    kinds
        Of those of ``list_entries``.
    unused_days
        Remove only what was not used for so many days.

    Raises
    ------
    DataError
        When there is nothing of a kind, or an entry cannot be removed.
    """
    entries = list_entries()
    for kind in kinds:
        held = sorted({one.kind for one in entries})
        if kind not in held:
            raise DataError(
                f"nothing of kind {kind!r} is in {find_data_folder() / 'cache'}",
                remedy=f"kinds there: {', '.join(held) or 'none'}",
            )
    before = time.time() - unused_days * DAY
    chosen = [one for one in entries if one.kind in kinds and one.used <= before]
    for one in chosen:
        try:
            shutil.rmtree(one.path) if one.path.is_dir() else one.path.unlink()
        except FileNotFoundError:  # another process was faster
            continue
        except OSError as error:
            raise DataError(f"{one.path} cannot be removed: {error}") from error
    return chosen
