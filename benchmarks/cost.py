"""What a run costs: seconds, and the peak of its resident memory."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


class Peak:
    """The growth of resident memory in bytes, known when the block ends."""

    bytes: int = 0


@contextmanager
def memory_peak() -> Iterator[Peak]:
    """Measure how far resident memory rises above its level at the start of the block.

    Linux keeps a high-water mark that a process may reset; where that is not possible the mark
    of the whole process is read, and a block that stays below an earlier peak counts 0.
    """
    peak = Peak()
    _reset()
    before = _status("VmRSS") or _highest()
    try:
        yield peak
    finally:
        after = _status("VmHWM") or _highest()
        peak.bytes = max(0, after - before)


def _reset() -> None:
    """Set the high-water mark to the present level, where the system allows it."""
    if _CLEAR.exists():
        try:
            _CLEAR.write_text("5")
        except OSError:
            return


def _status(key: str) -> int | None:
    """Return a line of ``/proc/self/status`` in bytes, None where there is no such file."""
    if not _STATUS.exists():
        return None
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return None


def _highest() -> int:
    """Return the peak of the whole process in bytes; macOS counts in bytes, others in KiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
