"""The outcome of one job of a sweep: a small file in its folder."""

import json
import logging
from collections.abc import Container, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ...datasets.atomic import replace_atomically

FILE = "outcome.json"
SKIPPED = "skipped"
RUNNING = "running"
NOT_RUN = "not_run"


@dataclass(frozen=True)
class Outcome:
    """One job of a sweep.

    Attributes
    ----------
    number
        The job's number, from 0; the order of the summary.
    status
        ``ok``, ``skipped``, ``failed`` or ``not_applicable``; ``running`` until then, ``not_run``
        for what a sweep did not come to.
    method, dataset, scenario, seed
        What was run; the method as it was typed, a preset by its name.
    record
        Path of the record; None when there are no fingerprints and therefore no record.
    score
        The headline, ``"cold ndcg@10 0.1234"``; empty without scores.
    seconds
        Wall-clock time of the whole job.
    reason
        Why there are no scores.
    warning
        What makes the scores doubtful: a split that leaks.
    """

    number: int
    status: str
    method: str
    dataset: str
    scenario: str
    seed: int
    record: str | None
    score: str
    seconds: float
    reason: str | None = None
    warning: str | None = None

    def __str__(self) -> str:
        """Return the job as one line of progress, without its number."""
        message = self.score if self.status == "ok" else self.status.replace("_", " ")
        if self.reason:
            message = f"{message}: {self.reason}"
        elif self.status == SKIPPED and self.score:
            message = f"{message}, {self.score}"
        if self.warning:
            message = f"{message} · {self.warning}"
        return f"{self.method} · {self.scenario}/{self.dataset} · seed {self.seed} · {message}"

    def save(self, folder: Path) -> None:
        """Write the outcome into a job's folder."""
        with replace_atomically(folder / FILE) as file:
            file.write(json.dumps(asdict(self)).encode())


def read_outcomes(sweep: Path, known: dict[Path, Outcome] | None = None) -> list[Outcome]:
    """Return what the jobs below a sweep's folder that have ended left so far, by number.

    Parameters
    ----------
    known
        What was read before, by path; added to, so that each file is read once.
    """
    found = {} if known is None else known
    for path, one in _read(sweep, found):
        if one.status != RUNNING:
            found[path] = one
    return sorted(found.values(), key=lambda one: one.number)


def list_unfinished(sweep: Path) -> list[Outcome]:
    """Return the jobs below a sweep's folder that have begun and not ended, by number."""
    found = [one for _, one in _read(sweep, ()) if one.status == RUNNING]
    return sorted(found, key=lambda one: one.number)


def _read(sweep: Path, known: Container[Path]) -> Iterator[tuple[Path, Outcome]]:
    """Yield the outcome files that are not known yet; one that is not readable is reported."""
    for path in sweep.rglob(FILE):
        if path in known:
            continue
        try:
            yield path, Outcome(**json.loads(path.read_bytes()))
        except (ValueError, TypeError) as error:
            logging.getLogger(__name__).warning("%s is not readable: %s", path, error)
