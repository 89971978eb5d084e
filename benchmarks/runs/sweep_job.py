"""What a job leaves in the folder of records while it is done: a mark, and lines of its sweep."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config.dataset_name import find_dataset_name
from ..config.run_config import RunConfig
from ..isolation.first_process import is_first_process
from ..plugins.registry import find_name
from ..records.home import results_home
from ..store.live_marks import RUN, hold_mark
from ..store.sweep_file import sweep_path
from ..store.sweep_journal import note_job
from .job_outcome import Outcome


@dataclass(frozen=True)
class SweepJob:
    """The place of this process's job in its sweep: the sweep's id, and the job's number."""

    sweep: str
    number: int


_current: SweepJob | None = None


def join_sweep(sweep: str | None, number: int) -> None:
    """Make the jobs of this process part of a sweep from here on; of none for None."""
    global _current
    _current = None if sweep is None else SweepJob(sweep, number)


@contextmanager
def marked_run(config: RunConfig) -> Iterator[None]:
    """Mark a run as being done while the block is carried out: loading, splitting, fitting."""
    names: dict[str, Any] = {
        "method": config.preset or find_name("methods", config.method),
        "dataset": find_dataset_name(config.dataset),
        "scenario": find_name("scenarios", config.scenario),
    }
    place = {} if _current is None else {"sweep": _current.sweep, "number": _current.number}
    with hold_mark(results_home(config.results), RUN, **names, seed=config.seed, **place):
        yield


def list_plans(results: str | None) -> list[Path]:
    """Return the file of the sweep that the present job belongs to; none for a run alone."""
    home = results_home(results)
    return [] if _current is None else [sweep_path(home, _current.sweep)]


def note_record(config: RunConfig, path: Path) -> None:
    """Note which record the present job of a sweep is about to make, or finds."""
    if _current is not None and is_first_process():
        home = results_home(config.results)
        _note(home, run=path.relative_to(home).as_posix())


def note_outcome(results: str | None, outcome: Outcome) -> None:
    """Note how the present job of a sweep ended."""
    if _current is not None and is_first_process():
        label = outcome.method, outcome.dataset, outcome.scenario, outcome.seed
        facts = {"status": outcome.status, "seconds": outcome.seconds, "reason": outcome.reason}
        _note(results_home(results), label=label, **facts)


def _note(home: Path, **facts: Any) -> None:
    if _current is not None:
        note_job(home, _current.sweep, _current.number, **facts)
