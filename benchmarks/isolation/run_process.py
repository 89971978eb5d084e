"""A piece of work in a process of its own, which nothing that happens there outlives.

The child is forked, so that it has what its parent imported and read; it leads a process group,
and what it started ends with it. The parent waits, keeps it to its limits, and knows how it ended.
"""

import json
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from .child_process import PROGRAM, describe_exit, end_with
from .process_limits import Limits, LimitWatch

LOOK_SECONDS = 0.2
END_SECONDS = 5.0
"""A child that has said its last word is given so long to end."""
INTERRUPTED_SECONDS = 20.0
"""One that is interrupted is given so long to tidy up."""

READ_BYTES = 65_536

Message = dict[str, Any]
Tell = Callable[[Message], None]


@dataclass
class Ended:
    """What came of the work.

    Attributes
    ----------
    told
        Everything that the child said, later words in place of earlier ones of the same key.
    how
        How it died, ``was killed by signal 9 (Killed)``; None where it came to its end.
    """

    told: Message = field(default_factory=dict)
    how: str | None = None


def can_fork() -> bool:
    """Say whether this process may fork: it is the program's own, on a system where that is safe.

    macOS has libraries that do not survive a fork.
    """
    return hasattr(os, "fork") and sys.platform != "darwin" and PROGRAM in os.environ


def run_apart(work: Callable[[Tell], None], limits: Limits) -> Ended:
    """Do the work in a child process and return what it told, and how it died if it did.

    Parameters
    ----------
    work
        Called in the child with a function that tells the parent something: a mapping of texts,
        numbers and lists. Nothing that it changes is seen in this process.
    limits
        What the child is killed for.

    Raises
    ------
    KeyboardInterrupt
        When this process is interrupted, or was told by SIGUSR1 or SIGUSR2 that its time is up
        (as Slurm does); the child has ended then.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    parent, child = os.getpid(), os.fork()
    if not child:
        os.close(reader)
        _work_and_leave(work, writer, parent)
    with suppress(OSError):  # the child does the same: whoever comes first
        os.setpgid(child, child)
    os.close(writer)
    try:
        with _signals_for(child) as received:
            ended = _wait(child, reader, limits)
        if received:
            raise KeyboardInterrupt(f"ended by {signal.Signals(received[0]).name}")
        return ended
    except KeyboardInterrupt:
        _end_gently(child)
        raise
    finally:
        os.close(reader)
        _kill_group(child)


def _work_and_leave(work: Callable[[Tell], None], writer: int, parent: int) -> None:
    """Do the work in the child; never return."""
    status = 1
    try:
        with suppress(OSError):
            os.setpgid(0, 0)
        end_with(parent)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for name in ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)  # a question would stop a background process
        os.dup2(nothing, 0)

        def tell(message: Message) -> None:
            content = json.dumps(message).encode() + b"\n"
            while content:
                content = content[os.write(writer, content) :]

        work(tell)
        tell({"ended": True})
        status = 0
    except KeyboardInterrupt:
        status = 130
    except BaseException:
        logging.getLogger(__name__).exception("the work in its own process failed")
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
            logging.shutdown()
        os._exit(status)  # what the parent registered for its own end is not for the child


def _wait(child: int, reader: int, limits: Limits) -> Ended:
    """Listen to the child and keep it to its limits until it has ended."""
    ended, watch = Ended(), LimitWatch(child, limits)
    pipe = _Pipe(reader)
    while True:
        if pipe.open:
            select.select([reader], [], [], LOOK_SECONDS)
            _hear(pipe, ended, watch)
        else:
            time.sleep(LOOK_SECONDS / 20)
        if "ended" in ended.told:
            watch.expect_end(END_SECONDS)
        done, raw = os.waitpid(child, os.WNOHANG)
        if done:
            while _hear(pipe, ended, watch):  # what it said since, and more than one read holds
                pass
            if "ended" not in ended.told:
                ended.how = watch.broken or describe_exit(os.waitstatus_to_exitcode(raw))
            return ended
        if watch.is_broken():
            _kill_group(child)
            if "ended" in ended.told:
                watch.broken = None


class _Pipe:
    """What comes from the child, line by line."""

    def __init__(self, reader: int) -> None:
        os.set_blocking(reader, False)
        self.open, self._reader, self._rest = True, reader, b""

    def read(self) -> list[bytes] | None:
        """Return the lines that are complete; None where there is nothing more for now."""
        try:
            part = os.read(self._reader, READ_BYTES) if self.open else b""
        except BlockingIOError:
            return None
        self.open = part != b""
        *lines, self._rest = (self._rest + part).split(b"\n")
        return lines if self.open else None


def _hear(pipe: _Pipe, ended: Ended, watch: LimitWatch) -> bool:
    """Take what the child has said; say whether there may be more."""
    lines = pipe.read()
    for line in lines or ():
        message = json.loads(line)
        ended.told |= message
        watch.note(message)
    return lines is not None


def _kill_group(child: int) -> None:
    """End what the child started, and the child."""
    with suppress(OSError):
        os.killpg(child, signal.SIGKILL)


def _end_gently(child: int) -> None:
    """Interrupt the child and wait until it has tidied up, but not for long."""
    with suppress(OSError):
        os.killpg(child, signal.SIGINT)
    until = time.monotonic() + INTERRUPTED_SECONDS
    while time.monotonic() < until:
        with suppress(ChildProcessError):
            if not os.waitpid(child, os.WNOHANG)[0]:
                time.sleep(0.02)
                continue
        return


@contextmanager
def _signals_for(child: int) -> Iterator[list[int]]:
    """Hand signals on to the child: a stop at the terminal, and the announcement of an end.

    The list receives what announced an end; a training puts its job back into Slurm's queue then.
    A handler that another entity (such as submitit) has installed for that stays.
    """
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        with suppress(OSError):
            os.killpg(child, signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        with suppress(OSError):  # this process goes on
            os.killpg(child, signal.SIGCONT)

    def announce(number: int, frame: FrameType | None) -> None:
        received.append(number)
        with suppress(OSError):
            os.kill(child, number)

    handlers = {"SIGTSTP": stop, "SIGUSR1": announce, "SIGUSR2": announce}
    wanted = {getattr(signal, name): one for name, one in handlers.items() if hasattr(signal, name)}
    before = {number: signal.getsignal(number) for number in wanted}
    for number, handler in wanted.items():
        if handler is stop or before[number] is signal.SIG_DFL:
            signal.signal(number, handler)
    try:
        yield received
    finally:
        for number, was in before.items():
            if was is not None:
                signal.signal(number, was)
