"""Marks of what is being done: a small file whose lock the operating system releases.

A process that is killed cannot keep a lock, so a mark that nobody holds is of the past. Where a
file system cannot lock, the mark says so, and its process is looked for on its own machine.
"""

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import gethostname
from tempfile import mkstemp
from typing import Any

FOLDER = ".running"
"""Below the results."""
RUN, SWEEP = "run", "sweep"
"""Kinds of marks."""
SUFFIX = ".mark"
ATTEMPTS = 10

_held: set[int] = set()


@dataclass(frozen=True)
class Mark:
    """What is being done.

    Attributes
    ----------
    kind
        ``run`` or ``sweep``.
    sweep, number
        The sweep that it is or belongs to, and the number of the job there; else None.
    method, dataset, scenario, seed
        Of a run.
    pid, host
        The process and its machine.
    began
        Seconds since 1970.
    """

    kind: str
    pid: int
    host: str
    began: float
    sweep: str | None = None
    number: int | None = None
    method: str = ""
    dataset: str = ""
    scenario: str = ""
    seed: int | None = None


@contextmanager
def hold_mark(home: Path, kind: str, **facts: Any) -> Iterator[None]:
    """Hold a mark while the block is carried out; it is removed at its end.

    What cannot be written, on a full disk or read-only folder, is not marked, and nothing else
    happens.

    Parameters
    ----------
    home
        Folder of the records.
    kind
        ``run`` or ``sweep``.
    facts
        The other attributes of ``Mark``.
    """
    content = {"kind": kind, "pid": os.getpid(), "host": gethostname(), "began": time.time()}
    first = not home.exists()
    handle, path = _make(home / FOLDER, content | facts)
    try:
        yield
    finally:
        if os.getpid() == content["pid"]:  # a forked child has neither mark nor lock
            _release(handle, path)
            if first:
                with suppress(OSError):  # it holds something now
                    home.rmdir()


def _release(handle: int | None, path: Path | None) -> None:
    """Remove a mark and its folder, unless that holds others."""
    if path is not None:
        with suppress(OSError):
            path.unlink()
            path.parent.rmdir()
    if handle is not None:
        _held.discard(handle)
        os.close(handle)


def _make(folder: Path, content: dict[str, Any]) -> tuple[int | None, Path | None]:
    """Write and lock a mark; return its handle and path, None for what could not be had."""
    try:
        handle, name = _create(folder, f"{content['kind']}.")
    except OSError as error:
        logging.getLogger(__name__).debug("not marked as running: %s", error)
        return None, None
    _held.add(handle)
    try:
        with suppress(OSError):
            os.fchmod(handle, 0o644)
        locked = _lock(handle)
        stated = content | {"locked": locked, "start": read_process_start(os.getpid())}
        os.write(handle, json.dumps(stated).encode())
    except OSError as error:
        logging.getLogger(__name__).debug("the mark of a run is empty: %s", error)
    return handle, Path(name)


def _create(folder: Path, prefix: str) -> tuple[int, str]:
    """Create the file of a mark, though others remove its folder at the same time."""
    for _ in range(ATTEMPTS):
        with suppress(FileNotFoundError):
            folder.mkdir(parents=True, exist_ok=True)
            return mkstemp(dir=folder, prefix=prefix, suffix=SUFFIX)
    raise FileNotFoundError(folder)


def _lock(handle: int) -> bool:
    try:
        import fcntl  # not on Windows

        fcntl.flock(handle, fcntl.LOCK_EX)
    except (OSError, ImportError):
        return False
    return True


def _close_in_child() -> None:
    """Let a forked child hold nothing: it may outlive the process that is killed."""
    for handle in _held:
        with suppress(OSError):
            os.close(handle)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)


def read_process_start(pid: int) -> str | None:
    """Return when a process started, in ticks since the machine did; None where nobody says."""
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return None
