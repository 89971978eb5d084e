"""The time limit of a run: an alarm of the operating system, raised as an exception."""

import logging
import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

AGAIN_SECONDS = 2.0
"""The alarm is repeated this often, for a method that catches whatever is raised in it."""
IMPORT_SECONDS = 300.0
"""An import is let finish for so long: half a library in memory fails every later run."""
LONGEST = 1e8
"""Seconds that every system's timer can hold, some three years; more is not a limit."""

_told: set[str] = set()


class OutOfTime(BaseException):
    """Raised inside a block that outlasts its limit; no ``Exception``, so that none catches it."""


@contextmanager
def limit_time(seconds: float | None) -> Iterator[None]:
    """Raise ``OutOfTime`` in the block once it has taken ``seconds``; 0 and None are not limit.

    Handler and timer of the alarm are afterwards as they were; an earlier one that falls due
    inside the block is served in time. Where no alarm can be set, outside the main thread or on
    a system without ``SIGALRM``, the log says so once and the block runs without a limit.
    Code that does not come back to Python is not interrupted.
    """
    if not seconds or seconds > LONGEST or not _possible():
        yield
        return
    alarm = _Alarm(seconds)
    try:
        try:
            yield
        finally:
            alarm.over = True  # an alarm that comes from here on raises nothing
    finally:
        alarm.disarm()


class _Alarm:
    """One limit, and the alarm that was set before it."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.over = seconds, False
        self.due = time.monotonic() + seconds
        self.earlier: Any = signal.signal(signal.SIGALRM, self._ring)
        left, self.interval = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
        self.earlier_due = time.monotonic() + left if left else math.inf
        if left and left < seconds:
            self._set(left)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now >= self.earlier_due:
            self.earlier_due = now + self.interval if self.interval else math.inf
            self._set(min(self.due, self.earlier_due) - now)
            if callable(self.earlier):
                self.earlier(number, frame)
        if now < self.due or self.over:
            return
        if now >= self.due + IMPORT_SECONDS or not _importing(frame):
            raise OutOfTime(
                f"stopped after {self.seconds:g} s: the run did not end within "
                f"time_limit={self.seconds:g}"
            )

    def disarm(self) -> None:
        """Give handler and timer back to whom they belonged."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if self.earlier is None else self.earlier)
        if self.earlier_due < math.inf:
            left = max(self.earlier_due - time.monotonic(), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, left, self.interval)

    @staticmethod
    def _set(seconds: float) -> None:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6), AGAIN_SECONDS)


def _importing(frame: FrameType | None) -> bool:
    """Say whether the code at ``frame`` runs because a module is being imported."""
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def _possible() -> bool:
    """Say whether an alarm can be set here, and in the log, once, why it cannot."""
    reason = None
    if not hasattr(signal, "setitimer"):
        reason = "this system has no alarm"
    elif threading.current_thread() is not threading.main_thread():
        reason = "an alarm can be set in the main thread of a process only"
    if reason is not None and reason not in _told:
        _told.add(reason)
        logging.getLogger(__name__).warning("runs have no time_limit here: %s", reason)
    return reason is None
