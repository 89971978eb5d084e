"""What became of one job of a sweep: a small file in its folder, readable from any process."""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..datasets.atomic import replacing
from .records import RunRecord

FILE = "outcome.json"
SKIPPED = "skipped"
HEADLINE = "ndcg@10"


@dataclass(frozen=True)
class Outcome:
    """One job of a sweep.

    Attributes
    ----------
    number
        The job's number, from 0; the order of the summary.
    status
        ``ok``, ``skipped``, ``failed`` or ``not_applicable``.
    method, dataset, scenario, seed
        What was run.
    record
        Path of the record; None when there are no fingerprints and therefore no record.
    score
        The headline, ``"cold ndcg@10 0.1234"``; empty without scores.
    seconds
        Wall-clock time of the whole job.
    reason
        Why there are no scores.
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

    def __str__(self) -> str:
        """Return the job as one line of progress, without its number."""
        told = self.score if self.status == "ok" else self.status.replace("_", " ")
        if self.reason:
            told = f"{told}: {self.reason}"
        elif self.status == SKIPPED and self.score:
            told = f"{told}, {self.score}"
        return f"{self.method} · {self.scenario}/{self.dataset} · seed {self.seed} · {told}"

    def save(self, folder: Path) -> None:
        """Write the outcome into a job's folder."""
        with replacing(folder / FILE) as file:
            file.write(json.dumps(asdict(self)).encode())


def outcomes(sweep: Path, known: dict[Path, Outcome] | None = None) -> list[Outcome]:
    """Return what the jobs below a sweep's folder have left so far, by number.

    Parameters
    ----------
    known
        What was read before, by path; added to, so that each file is read once.
    """
    found = {} if known is None else known
    for path in sweep.rglob(FILE):
        if path in found:
            continue
        try:
            found[path] = Outcome(**json.loads(path.read_bytes()))
        except (ValueError, TypeError) as error:
            logging.getLogger(__name__).warning("%s is not readable: %s", path, error)
    return sorted(found.values(), key=lambda one: one.number)


def headline(record: RunRecord, metric: str = HEADLINE) -> str:
    """Return one figure that stands for a run: the mean of a metric over its cold tasks.

    Over the warm tasks where there is no cold one; the first metric there is, where the wanted
    one was not measured.
    """
    cold = {task: one for task, one in record.scores.items() if not task.startswith("warm/")}
    tasks = cold or record.scores
    names: dict[str, Any] = next(iter(tasks.values()), {})
    chosen = metric if metric in names else next(iter(names), None)
    if chosen is None:
        return ""
    means = [one[chosen].mean for one in tasks.values() if chosen in one]
    known = [mean for mean in means if mean is not None]
    if not known:
        return ""
    return f"{'cold' if cold else 'warm'} {chosen} {sum(known) / len(known):.4f}"
