"""The marks in a folder of records: which of them somebody holds, and which are of the past."""

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from socket import gethostname
from typing import Any

from .live_marks import FOLDER, SUFFIX, Mark, read_process_start

FRESH_SECONDS = 60.0
"""A mark is left alone for so long: its process may be about to lock it."""


def list_live(home: Path) -> list[Mark]:
    """Return what is being done below a folder of records; nothing is written."""
    found = [_read(path) for path in sorted((home / FOLDER).glob(f"*{SUFFIX}")) if is_live(path)]
    return [one for one in found if one is not None]


def list_stale(home: Path) -> list[Path]:
    """Return the marks of processes that are gone."""
    fresh = time.time() - FRESH_SECONDS
    found = []
    for path in sorted((home / FOLDER).glob(f"*{SUFFIX}")):
        with suppress(OSError):
            if path.stat().st_mtime < fresh and not is_live(path):
                found.append(path)
    return found


def remove_stale(home: Path) -> None:
    """Remove the marks of processes that are gone, where that is possible."""
    for path in list_stale(home):
        with suppress(OSError):
            path.unlink()


def is_live(path: Path) -> bool:
    """Say whether the process of a mark is still at work."""
    try:
        handle = _open(path)
    except OSError:
        return False
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (OSError, ImportError):
        return _process_lives(path)
    finally:
        os.close(handle)
    return _process_lives(path)


def _open(path: Path) -> int:
    """Open a mark for a lock; a network file system wants it writable."""
    try:
        return os.open(path, os.O_RDWR)
    except OSError:
        return os.open(path, os.O_RDONLY)


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _process_lives(path: Path) -> bool:
    """Say whether the process of a mark that could not be locked is there, on its machine."""
    content = _content(path)
    if content.get("locked", True) or content.get("host") != gethostname():
        return False
    return content.get("start") == read_process_start(int(content.get("pid") or 0))


def _read(path: Path) -> Mark | None:
    content = _content(path)
    names = Mark.__dataclass_fields__
    try:
        return Mark(**{name: value for name, value in content.items() if name in names})
    except TypeError:  # its writer has not come to that, or the disk was full
        return None
