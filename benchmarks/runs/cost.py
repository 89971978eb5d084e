"""What a run costs: seconds, and the peak of its resident memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")

_runs = 0


def begin_run() -> None:
    """Count a run of this process."""
    global _runs
    _runs += 1


def is_first_run() -> bool:
    """Say whether no other run came before in this process.

    What an earlier run imported, compiled and left with the allocator is still there in a later
    one, so that the memory of a run is known in a separate process only.
    """
    return _runs <= 1


class PeakMemory:
    """The highest resident memory since this object was made, in bytes; None where it is not known.

    Linux keeps a high-water mark that a process may reset; where that is not possible nothing
    is known, as the mark may be that of something earlier.

    Attributes
    ----------
    bytes
        Of the whole process: interpreter, libraries and data too.
    growth
        Above the level at the start. It is less where more was imported before.
    """

    def __init__(self) -> None:
        self.bytes: int | None = None
        self.growth: int | None = None
        self._before = _status("VmRSS") if _reset() else None

    def look(self) -> None:
        """Read the mark as it is now."""
        after = _status("VmHWM")
        if self._before is not None and after is not None:
            self.bytes, self.growth = after, max(0, after - self._before)


@contextmanager
def measure_memory() -> Iterator[PeakMemory]:
    """Measure how high resident memory rises in the block."""
    peak = PeakMemory()
    try:
        yield peak
    finally:
        peak.look()


def _reset() -> bool:
    """Set the high-water mark to the present level and say whether the system allows it."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return False
    return True


def _status(key: str) -> int | None:
    """Return a line of ``/proc/self/status`` in bytes, None where there is no such file."""
    if not _STATUS.exists():
        return None
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return None
