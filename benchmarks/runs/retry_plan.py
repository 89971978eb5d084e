"""The runs of a folder of records to make again, each as the words of its command."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...datasets.errors import ColdbenchError
from ..config.masking import MASK
from ..store.found_marks import list_live
from ..store.glance import Glance, glance_all
from ..store.sweep_file import SweepFile, find_sweep, read_sweeps
from ..store.sweep_state import FAILED, MISSING, JobState, find_states
from .recorded_words import find_words, to_word


@dataclass(frozen=True)
class Retry:
    """One run to make again.

    Attributes
    ----------
    label
        The run in a line.
    options, typed
        What its command is made of, without the folder of the records.
    sweep, number
        Its place in a sweep; None for a record of no sweep.
    """

    label: str
    options: tuple[str, ...]
    typed: tuple[str, ...]
    sweep: str | None = None
    number: int = 0

    def words(self, home: Path) -> list[str]:
        """Return what ``coldbench run`` is given to make it, into a folder of records."""
        return [*self.options, *self.typed, f"results={to_word(str(home))}", "hydra.mode=RUN"]

    def command(self, home: Path) -> str:
        """Return the same for a shell."""
        return shlex.join(["coldbench", "run", *self.words(home)])


def plan_retries(
    home: Path, sweep: str | None, *, failed: bool, missing: bool
) -> tuple[list[Retry], list[str]]:
    """Return the runs to make again, and a sentence for each that cannot be.

    Parameters
    ----------
    home
        Folder of the records.
    sweep
        Name or id; None is the last sweep, and the failed records of no sweep.
    failed, missing
        Which of them.

    Raises
    ------
    ColdbenchError
        When there is no such sweep.
    """
    files, problems = read_sweeps(home)
    chosen = find_sweep(files, sweep) if files or sweep else None
    wanted = {state for state, yes in ((FAILED, failed), (MISSING, missing)) if yes}
    retries, seen = list[Retry](), set[Path]()
    for state in find_states(home, files, list_live(home)):
        one = state.sweep
        if sweep is not None and one is not chosen:
            continue
        if one is chosen and missing and state.live and state.counts[MISSING]:
            problems.append(
                f"sweep {one.label} is running and makes its {state.counts[MISSING]} missing runs "
                "itself; wait for it, or stop it first"
            )
        for job in state.jobs:
            if _is_wanted(job, wanted, state.live, one is chosen) and job.record not in seen:
                _add(retries, problems, _of_sweep, one, job)
        seen |= {job.record for job in state.jobs if job.record is not None}
    if sweep is None and failed:
        for record in _list_failed(home, seen):
            _add(retries, problems, _of_record, record)
    return retries, problems


def _is_wanted(job: JobState, wanted: set[str], live: bool, chosen: bool) -> bool:
    """Say whether a job is to be made again; of other sweeps only what left a failed record."""
    if job.state not in wanted or (job.state == MISSING and live):
        return False
    return chosen or (job.state == FAILED and job.record is not None)


def _add(
    retries: list[Retry], problems: list[str], make: Callable[..., Retry], *known: Any
) -> None:
    """Add what is made of known facts, or the reason why nothing is."""
    try:
        retries.append(make(*known))
    except ColdbenchError as error:
        problems.append(str(error))


def _of_sweep(sweep: SweepFile, state: JobState) -> Retry:
    job = state.job
    label = f"{job.method} · {job.scenario}/{job.dataset} · seed {job.seed}"
    typed = tuple(one for one in job.words if not one.startswith("results="))
    if any(MASK in word for word in (*typed, *sweep.options)):
        raise ColdbenchError(
            f"{label} has a setting that is masked; make it by the command of the sweep"
        )
    if not typed:
        raise ColdbenchError(f"{label} is of a sweeper that decides as it goes; start that again")
    return Retry(label, sweep.options, typed, sweep.id, job.number)


def _list_failed(home: Path, seen: set[Path]) -> Iterator[Glance]:
    for one in glance_all(home):
        if one.status == "failed" and one.path not in seen:
            yield one


def _of_record(record: Glance) -> Retry:
    label = f"{record.label} · {record.scenario}/{record.dataset} · seed {record.seed}"
    try:
        words: Sequence[str] = find_words(record)
    except ColdbenchError as error:
        raise ColdbenchError(f"{record.path} cannot be made again: {error}") from error
    return Retry(label, (), tuple(words))
