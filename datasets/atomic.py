"""Files that appear atomically."""

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

STALE_SECONDS = 86_400.0
"""Age from which a temporary file whose process is gone counts as left over."""

_LEFT = re.compile(r"\..+?(?:\.(\d+))?\.[a-z0-9_]{8}\.tmp")


@contextmanager
def replace_atomically(
    path: Path, *, once: bool = False, durable: bool = True
) -> Iterator[BinaryIO]:
    """Open a temporary file next to ``path`` and, on success, sync it and move it into place.

    Parameters
    ----------
    path
        Where the content is to appear; its folder is created.
    once
        Refuse to replace: when ``path`` exists at the end, raise ``FileExistsError``.
    durable
        Wait until the content is on the disk; not needed for what can be computed again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{path.name}.{os.getpid()}."
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.chmod(0o644)
        if once:
            os.link(temporary, path)
        else:
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sweep_stale(folder: Path, seconds: float = STALE_SECONDS) -> list[Path]:
    """Remove what killed processes left of ``replace_atomically`` in a folder and return the paths.

    Parameters
    ----------
    seconds
        Age from which a file is removed, unless the process in its name still lives.
    """
    removed = []
    for path in find_stale(folder, seconds):
        with suppress(OSError):  # another process sweeps too, or may not
            path.unlink()
            removed.append(path)
    return removed


def find_stale(folder: Path, seconds: float = STALE_SECONDS) -> list[Path]:
    """Return what killed processes left of ``replace_atomically`` in a folder, of such an age."""
    found = []
    for path in sorted(folder.glob(".*.tmp")):
        named = _LEFT.fullmatch(path.name)
        with suppress(OSError):  # its writer has just moved it into place
            old = time.time() - path.stat().st_mtime > seconds
            if named and old and not _lives(named[1]):
                found.append(path)
    return found


def _lives(process: str | None) -> bool:
    """Say whether a process is there; False where the file's name holds none."""
    if process is None:
        return False
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
