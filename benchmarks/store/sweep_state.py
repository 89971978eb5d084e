"""How far a sweep has come: its plan, its journal, the marks of what runs, and the records."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from .glance import Glance, glance
from .live_marks import RUN, SWEEP, Mark
from .sweep_file import PlannedJob, SweepFile
from .sweep_journal import JobNote, read_journal

DONE, FAILED, NOT_APPLICABLE = "done", "failed", "not_applicable"
RUNNING, MISSING = "running", "missing"
STATES = (DONE, FAILED, NOT_APPLICABLE, RUNNING, MISSING)
"""What a job can be, in the order in which they are shown."""
_OF_RECORD = {"ok": DONE, "failed": FAILED, "not_applicable": NOT_APPLICABLE}


@dataclass(frozen=True)
class JobState:
    """One job of a sweep as it is now.

    Attributes
    ----------
    state
        One of ``STATES``.
    record
        Path of its record, where that is there.
    seconds
        That it took; None where it has not ended.
    reason
        Why it failed or does not apply.
    """

    job: PlannedJob
    state: str
    record: Path | None = None
    seconds: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class SweepState:
    """A sweep as it is now.

    Attributes
    ----------
    live
        Whether a process of it is at work: the one that started it, or one that does a job.
    workers
        How many jobs are done at the same time.
    seconds_left
        An estimate, from the jobs that have ended; None where none has, or nothing is left.
    """

    sweep: SweepFile
    jobs: tuple[JobState, ...]
    live: bool
    workers: int
    seconds_left: float | None

    @property
    def counts(self) -> Counter[str]:
        """How many jobs are in each state."""
        return Counter(one.state for one in self.jobs)


def find_states(home: Path, sweeps: Sequence[SweepFile], marks: Sequence[Mark]) -> list[SweepState]:
    """Return how far the sweeps of a folder of records have come.

    What one of them has not come to may be known from another one with the same job.

    Parameters
    ----------
    home
        Folder of the records.
    sweeps
        Their files.
    marks
        What is being done in that folder.
    """
    notes = {one.id: read_journal(home, one.id) for one in sweeps}
    known = {
        job.essence: notes[one.id][job.number]
        for one in reversed(sweeps)  # the last one counts
        for job in one.jobs or ()
        if job.number in notes[one.id]
    }
    return [_find_state(home, one, notes[one.id], known, marks) for one in sweeps]


def _find_state(
    home: Path,
    sweep: SweepFile,
    notes: Mapping[int, JobNote],
    known: Mapping[frozenset[str], JobNote],
    marks: Sequence[Mark],
) -> SweepState:
    own = [one for one in marks if one.sweep == sweep.id]
    running = {one.number: one for one in own if one.kind == RUN and one.number is not None}
    jobs = [
        _find_job(home, job, notes.get(job.number) or known.get(job.essence), job.number in running)
        for job in _list_jobs(sweep, notes, running)
    ]
    workers = max(1, len(running))
    return SweepState(
        sweep=sweep,
        jobs=tuple(jobs),
        live=bool(running) or any(one.kind == SWEEP for one in own),
        workers=workers,
        seconds_left=_estimate(jobs, running, workers),
    )


def _list_jobs(
    sweep: SweepFile, notes: Mapping[int, JobNote], running: Mapping[int, Mark]
) -> list[PlannedJob]:
    """Return the planned jobs, or those that have begun where the sweeper decides as it goes."""
    if sweep.jobs is not None:
        return list(sweep.jobs)
    found = {}
    for number, note in notes.items():
        if note.label is not None:
            found[number] = PlannedJob(number, *note.label, words=())
    for number, one in running.items():
        seed = 0 if one.seed is None else one.seed
        found[number] = PlannedJob(number, one.method, one.dataset, one.scenario, seed, words=())
    return [found[number] for number in sorted(found)]


def _find_job(home: Path, job: PlannedJob, note: JobNote | None, running: bool) -> JobState:
    if running:
        return JobState(job, RUNNING)
    if note is None:
        return JobState(job, MISSING)
    there = _find_record(home, note)
    if there is not None:
        seconds = there.seconds if note.seconds is None else note.seconds
        reason = there.content.get("error")
        return JobState(job, _OF_RECORD[there.status], there.path, seconds, reason)
    if note.status == "failed" and note.run is None:  # without data there is no record
        return JobState(job, FAILED, None, note.seconds, note.reason)
    return JobState(job, MISSING)


def _find_record(home: Path, note: JobNote) -> Glance | None:
    if note.run is None or not (home / note.run).exists():
        return None
    there = glance(home / note.run)
    return there if there.status in _OF_RECORD else None


def _estimate(jobs: Sequence[JobState], running: Mapping[int, Mark], workers: int) -> float | None:
    """Return the seconds that the missing and running jobs will take, by those that have ended.

    A job is taken to be as long as those of the same method and dataset, else of the method, else
    of all.
    """
    ended = [one for one in jobs if one.seconds is not None and one.state in (DONE, FAILED)]
    open_jobs = [one for one in jobs if one.state in (MISSING, RUNNING)]
    if not ended or not open_jobs:
        return None
    seconds: dict[tuple[str, ...], list[float]] = {}
    for one in ended:
        for key in _likenesses(one.job):
            seconds.setdefault(key, []).append(one.seconds or 0.0)
    now, left = time.time(), 0.0
    for one in open_jobs:
        known = next(seconds[key] for key in _likenesses(one.job) if key in seconds)
        begun = running[one.job.number].began if one.job.number in running else now
        left += max(0.0, fmean(known) - (now - begun))
    return left / workers


def _likenesses(job: PlannedJob) -> list[tuple[str, ...]]:
    return [(job.method, job.dataset), (job.method,), ()]
