"""Processes that fit trials, watched by the one that gives them out."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from ...datasets.errors import ColdbenchError, NotApplicableError
from ..isolation.child_process import describe_exit, end_with
from ..isolation.error_advice import describe_failure

Ask = Callable[[Any], Any]
"""Sends something to the giver of the job and returns its answer."""
Serve = Callable[[Any], tuple[Any, Callable[[Any, Ask], Any]]]
"""Prepares a worker: returns facts to tell, and what does a job."""

GRACE_SECONDS = 20.0
"""A job that does not come back to Python is killed so long after its time."""
END_SECONDS = 2.0


@dataclass(frozen=True)
class Event:
    """Something that a worker sends.

    Attributes
    ----------
    kind
        ``ready`` or ``refused`` (once), ``asks``, ``done`` or ``died``.
    worker
        Which worker; to be answered where it asks.
    job
        What it does, None before its first.
    content
        What it sent, the error of what is refused, or how it died.
    """

    kind: str
    worker: "Worker"
    job: Any
    content: Any


class Worker:
    """One process.

    Attributes
    ----------
    job
        What it does; None while it is idle.
    ready
        Whether it is prepared.
    """

    def __init__(self, serve: Serve, setup: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=_work, args=(theirs, os.getpid(), serve, setup), daemon=True
        )
        self.process.start()
        theirs.close()
        self.job: Any = None
        self.ready = False
        self.kill_at: float | None = None
        self.overdue = False

    def give(self, job: Any, seconds: float | None) -> None:
        """Let it do a job, and kill it well after so many seconds."""
        self.job = job
        self.kill_at = time.monotonic() + seconds + GRACE_SECONDS if seconds else None
        self.connection.send(job)

    def end(self) -> None:
        """Let it end, where it is idle, else kill it."""
        idle = self.ready and self.job is None
        self.connection.close()
        if idle:
            self.process.join(END_SECONDS)
        self.process.kill()
        self.process.join()


class WorkerPool:
    """Several workers; one that dies is replaced.

    Parameters
    ----------
    serve
        Importable, since every process imports it anew.
    setup
        Given to ``serve``; picklable.
    count
        How many.
    """

    def __init__(self, serve: Serve, setup: Any, count: int) -> None:
        self._serve, self._setup = serve, setup
        self.workers = [Worker(serve, setup) for _ in range(count)]

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *error: object) -> None:
        for one in self.workers:
            one.end()

    def list_idle(self) -> list[Worker]:
        """Return the workers that are prepared and have nothing to do."""
        return [one for one in self.workers if one.ready and one.job is None]

    def list_busy(self) -> list[Worker]:
        """Return the workers that do a job."""
        return [one for one in self.workers if one.job is not None]

    def listen(self, seconds: float) -> Iterator[Event]:
        """Yield what the workers send within so many seconds, at once."""
        now = time.monotonic()
        for one in self.workers:
            if one.kill_at is not None and now > one.kill_at:
                one.overdue = True
                one.process.kill()
        by_connection = {one.connection: one for one in self.workers}
        for ready in wait(list(by_connection), timeout=seconds):
            yield self._receive(by_connection[ready])  # type: ignore[index]

    def _receive(self, worker: Worker) -> Event:
        try:
            kind, content = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join()
            job, how = worker.job, describe_exit(worker.process.exitcode or 0)
            if worker.overdue:
                how = "was killed since it did not end in its time"
            worker.connection.close()
            self.workers[self.workers.index(worker)] = Worker(self._serve, self._setup)
            return Event("died", worker, job, how)
        job = worker.job
        if kind == "ready":
            worker.ready = True
        if kind == "done":
            worker.job, worker.kill_at = None, None
        return Event(kind, worker, job, content)


def _work(connection: Connection, parent: int, serve: Serve, setup: Any) -> None:
    """Do jobs until the giver is gone; an interrupt of the terminal is the giver's business."""
    end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def ask(content: Any) -> Any:
        connection.send(("asks", content))
        return connection.recv()

    try:
        facts, do = serve(setup)
    except Exception as error:  # whatever a plugin's dataset or scenario raises
        logging.getLogger(__name__).exception("no trial can be made")
        known = isinstance(error, ColdbenchError)
        text = str(error) if known else describe_failure(error)
        kind = NotApplicableError if isinstance(error, NotApplicableError) else ColdbenchError
        connection.send(("refused", kind(text)))
        return
    connection.send(("ready", facts))
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        connection.send(("done", do(job, ask)))
