"""The searches of several methods on shared processes, each saved as it goes on."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...datasets.errors import ColdbenchError
from ..tuning.fit_trial import TrialResult
from ..tuning.worker_pool import Event, WorkerPool
from .choice import Choice, choose_setting
from .clock import SearchClock
from .jobs import Job, Place, with_seconds
from .trial_log import TrialLog
from .trials_table import describe_choice, write_table

LEAST_SECONDS = 2.0
"""With less left no trial is begun."""
SAVE_SECONDS = 5.0


class MethodSearch:
    """The settings of one method on every split.

    Parameters
    ----------
    method
        Its name.
    settings
        What is tried.
    places
        The splits.
    jobs
        In the order in which they are done.
    group
        What is validated.
    out
        Path of the table and of the log, without their endings.
    """

    def __init__(
        self,
        method: str,
        settings: Sequence[Mapping[str, Any]],
        places: Sequence[Place],
        jobs: Sequence[Job],
        group: str,
        out: Path,
    ) -> None:
        self.method, self.settings, self.places, self.group = method, settings, places, group
        self.log = TrialLog(out.with_name(f"{out.name}.trials.jsonl"))
        self.table = out.with_name(f"{out.name}.csv")
        self.waiting = [one for one in jobs if not self.log.is_done(one)]
        self._saved = 0.0

    def take_known(self, find: Callable[[Job], TrialResult | None]) -> None:
        """Keep the results of those waiting jobs that somebody else has done."""
        waiting, self.waiting = self.waiting, []
        for job in waiting:
            result = find(job)
            if result is None:
                self.waiting.append(job)
            else:
                self.log.add(job, result)

    def next_job(self) -> Job | None:
        """Return the next job and forget it; None where there is none.

        What a method cannot do on a dataset it is not asked again.
        """
        while self.waiting:
            job = self.waiting.pop(0)
            first = self.log.results.get((0, job.place))
            if first is None or first.state != "not_applicable":
                return job
        return None

    def add(self, job: Job, result: TrialResult) -> None:
        """Keep a result, and the table every few seconds."""
        self.log.add(job, result)
        if time.monotonic() - self._saved > SAVE_SECONDS:
            self.save()

    def choose(self) -> Choice:
        """Return the settings, compared."""
        return choose_setting(self.settings, self.places, self.log.results, self.group)

    def save(self) -> None:
        """Write the table."""
        write_table(self.table, self.choose())
        self._saved = time.monotonic()

    def describe(self) -> str:
        """Return the choice in lines, with the reasons why trials failed."""
        results = self.log.results
        reasons = {one.reason for one in results.values() if one.reason}
        lines = [describe_choice(self.method, self.choose()), f"  {self.table}"]
        for reason in sorted(reasons):
            count = sum(one.reason == reason for one in results.values())
            lines.append(f"  {count} x {reason}")
        return "\n".join(lines)


def run_searches(
    searches: Sequence[MethodSearch], pool: WorkerPool, clock: SearchClock, trial_seconds: float
) -> None:
    """Give the jobs of one search after the other to the processes, until the clock is over.

    Parameters
    ----------
    searches
        In their order; the next one begins when the clock or the jobs of one are over.
    pool
        The processes.
    clock
        For all of them.
    trial_seconds
        The most that one fit may take.

    Raises
    ------
    ColdbenchError
        When no process can begin.
    """
    queue = _Queue(searches, clock)
    by_name = {one.method: one for one in searches}
    try:
        while True:
            for worker in pool.list_idle():
                job = queue.next_job()
                if job is not None:
                    seconds = min(trial_seconds, clock.left())
                    worker.give(with_seconds(job, seconds), seconds)
            if not pool.list_busy() and (queue.is_over() or clock.left() <= LEAST_SECONDS):
                break
            for event in pool.listen(0.5):
                _keep(event, by_name)
    finally:
        for one in searches:
            one.save()


def _keep(event: Event, searches: Mapping[str, MethodSearch]) -> None:
    job, result = event.job, event.content
    if event.kind == "refused" or (event.kind == "died" and job is None):
        raise ColdbenchError(f"a process could not begin: {event.content}")
    if event.kind == "died":
        result = TrialResult("failed", reason=f"the process {event.content}")
    if job is not None and event.kind in ("died", "done"):
        searches[job.method].add(job, result)
        logging.getLogger(__name__).info("%s: %s", job.key, result)


class _Queue:
    """The jobs that may be begun."""

    def __init__(self, searches: Sequence[MethodSearch], clock: SearchClock) -> None:
        self._waiting, self._clock = list(searches), clock
        self._present: MethodSearch | None = None

    def next_job(self) -> Job | None:
        """Return a job of the present search, or of the next one; None when all is over."""
        while True:
            if self._present is not None and self._clock.turn_left() > LEAST_SECONDS:
                job = self._present.next_job()
                if job is not None:
                    return job
            if not self._waiting:
                self._present = None
                return None
            self._present = self._waiting.pop(0)
            self._clock.begin_turn(len(self._waiting))

    def is_over(self) -> bool:
        """Say whether there will be no job any more."""
        return self._present is None and not self._waiting
