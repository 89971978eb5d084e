"""What a process is killed for: its time, its memory, the length of its log."""

import math
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GRACE_SECONDS = 60.0
"""A run ends itself at its time limit; one that does not come back to Python is killed later."""
LOOK_SECONDS = 0.5
"""How often memory and log are measured."""
STAGE = "stage"
"""A message with this key begins another stage, which has the whole time again."""


@dataclass(frozen=True)
class Limits:
    """Limits of a process.

    Attributes
    ----------
    seconds
        Of a stage; None or 0 is no limit.
    memory_gib
        Resident memory of the process and those it started, in GiB; known on Linux.
    log, log_mb
        A file, and how many MB it may have.
    """

    seconds: float | None = None
    memory_gib: float | None = None
    log: Path | None = None
    log_mb: float | None = None


class LimitWatch:
    """Looks whether a process keeps to its limits.

    Attributes
    ----------
    broken
        Which limit it broke, as the end of a sentence; None so far.
    """

    def __init__(self, group: int, limits: Limits) -> None:
        self.broken: str | None = None
        self._group, self._limits = group, limits
        self._looked = -math.inf
        self._due = math.inf
        self._begin()

    def note(self, message: Mapping[str, Any]) -> None:
        """Take notice of what the process told."""
        if STAGE in message:
            self._begin()

    def expect_end(self, seconds: float) -> None:
        """Let the process, which has said its last word, live on for a few seconds."""
        self._due = min(self._due, time.monotonic() + seconds)

    def is_broken(self) -> bool:
        """Measure what is due, and say whether a limit is broken."""
        now = time.monotonic()
        if self.broken is None and now >= self._due:
            self.broken = (
                f"was killed: it did not end within time_limit={self._limits.seconds or 0:g} and "
                f"did not return to Python for {GRACE_SECONDS:g} s"
            )
        if self.broken is None and now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self.broken = self._find_memory() or self._find_log()
        return self.broken is not None

    def _begin(self) -> None:
        seconds = self._limits.seconds
        self._due = time.monotonic() + seconds + GRACE_SECONDS if seconds else math.inf

    def _find_memory(self) -> str | None:
        most = self._limits.memory_gib
        if not most:
            return None
        used = measure_group(self._group) / 2**30
        if used <= most:
            return None
        return f"was killed: it had {used:.2f} GiB of memory, more than memory_limit={most:g}"

    def _find_log(self) -> str | None:
        log, most = self._limits.log, self._limits.log_mb
        if log is None or not most:
            return None
        with suppress(OSError):
            size = log.stat().st_size / 1e6
            if size > most:
                return f"was killed: its log had {size:.0f} MB, more than log_limit={most:g}"
        return None


def measure_group(group: int) -> int:
    """Return the resident memory of a process group in bytes; 0 where the system does not tell."""
    pages = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            # After the name in brackets: state, parent, group, ...; the 22nd is resident pages.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                pages += int(fields[21])
    return pages * _page_bytes()


def _page_bytes() -> int:
    import resource

    return resource.getpagesize()
