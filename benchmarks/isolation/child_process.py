"""Work in a child process, whose parent notices an end that no code can report.

``os._exit``, a crash of the interpreter, a signal and the system's memory killer end a process
without a word, some with exit status 0. The child says when it has come to its end itself; the
parent, which only waits, knows that it died when that was not said.
"""

import ctypes
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
"""Signals that the parent forwards."""
TWICE_SECONDS = 1.0
"""A terminal interrupts parent and child alike: what the parent forwards so soon is the same."""
PARENT_SECONDS = 0.5
PROGRAM = "COLDBENCH_PROGRAM"
"""Set in the processes of the program itself, which have no threads that a fork could cut short."""
_PR_SET_PDEATHSIG = 1

Facts = dict[str, Any]

_writer: int | None = None


def run_in_child(work: Callable[[], int], died: Callable[[Facts, str], None]) -> int:
    """Return the exit status of ``work``, done in a child process; never 0 when that dies.

    To be called early: only a process without threads and large libraries is forked safely and in
    a millisecond. The child has the terminal, the standard streams and the process group of its
    parent, and ends with it. Where the system cannot fork, the work is done here.

    Parameters
    ----------
    work
        Returns an exit status.
    died
        Called in the parent with what the child told and with how it ended, such as ``was killed
        by signal 11 (Segmentation fault)``.
    """
    if not hasattr(os, "fork"):
        return work()
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    parent, received = os.getpid(), list[int]()
    with _handing_on(received) as target:
        child = os.fork()
        if child:
            target.append(child)
            os.close(writer)
            _, raw = os.waitpid(child, 0)
    if not child:
        os.close(reader)
        return _working(work, writer, parent)
    facts, code = _read(reader), os.waitstatus_to_exitcode(raw)
    if "ended" in facts:
        return int(facts["ended"]) or int(code != 0)
    died(facts, describe_exit(code))
    return 128 + received[0] if received else 1


def tell_parent(**facts: Any) -> None:
    """Tell the parent something that it may need when this process dies; few and short facts.

    Outside a watched process nothing happens.
    """
    if _writer is not None:
        with suppress(OSError):
            os.write(_writer, json.dumps(facts).encode() + b"\n")


def _working(work: Callable[[], int], writer: int, parent: int) -> int:
    """Do the work in the child and say that it is done, whatever it raises."""
    global _writer
    _writer = writer
    os.environ[PROGRAM] = "1"
    end_with(parent)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _Interrupt())
    try:
        status = work()
    except SystemExit as end:
        tell_parent(ended=end.code if isinstance(end.code, int) else int(end.code is not None))
        raise
    except BaseException:
        tell_parent(ended=1)
        raise
    tell_parent(ended=status)
    return status


class _Interrupt:
    """Raises ``KeyboardInterrupt`` once for an interrupt that arrives twice."""

    def __init__(self) -> None:
        self.last = -TWICE_SECONDS

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self.last > TWICE_SECONDS:
            self.last = now
            raise KeyboardInterrupt


@contextmanager
def _handing_on(received: list[int]) -> Iterator[list[int]]:
    """Hand signals on to the process that is put into the list, and note them."""
    target: list[int] = []

    def hand_on(number: int, frame: FrameType | None) -> None:
        received.append(number)
        for child in target:
            with suppress(ProcessLookupError):
                os.kill(child, number)

    numbers = [getattr(signal, name) for name in FORWARDED if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: was for number, was in before.items() if was is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, hand_on)
    try:
        yield target
    finally:
        for number, was in before.items():
            signal.signal(number, was)


def end_with(parent: int) -> None:
    """Let this process be killed when its parent is, which can then hand nothing on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        watch_parent(parent)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def watch_parent(parent: int) -> None:
    """Do the same by looking now and then: for a parent whose forking thread may end before it."""
    threading.Thread(target=_outlive_not, args=(parent,), daemon=True).start()


def _outlive_not(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def _read(reader: int) -> Facts:
    """Return what the child told, though a process that it left behind may hold its pipe open."""
    os.set_blocking(reader, False)
    content = b""
    with suppress(BlockingIOError), os.fdopen(reader, "rb", buffering=0) as file:
        while part := file.read(65_536):
            content += part
    facts: Facts = {}
    for line in content.splitlines():
        facts |= json.loads(line)
    return facts


def describe_exit(code: int) -> str:
    """Return how a process ended, by its exit status or minus its signal: ``was killed by ...``."""
    if code >= 0:
        return f"ended itself with exit status {code}"
    number = -code
    name = signal.strsignal(number) or "unknown"
    hint = ", as the system does when memory runs out" if number == signal.SIGKILL else ""
    return f"was killed by signal {number} ({name}{hint})"
