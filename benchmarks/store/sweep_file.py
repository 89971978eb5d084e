"""One small file per sweep, ``.sweeps/<id>.plan``: what it is made of, and who started it.

Nothing depends on it but ``coldbench results``: a file that is stale or corrupt harms no run.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...datasets.atomic import replace_atomically
from ...datasets.errors import ColdbenchError

FOLDER = ".sweeps"
"""Below the results."""
SUFFIX = ".plan"
"""Of a JSON file: whoever looks for ``*.json`` below the results means records."""
SCHEMA = 1
DIGITS = 10
_ELSEWHERE = ("results=", "force=")
"""Words that say where and whether, not what."""


@dataclass(frozen=True)
class PlannedJob:
    """One job of a sweep.

    Attributes
    ----------
    number
        From 0.
    method, dataset, scenario, seed
        As they are shown; swept settings follow the method.
    words
        What makes this job alone: ``["method=ease", "seed=1"]``.
    """

    number: int
    method: str
    dataset: str
    scenario: str
    seed: int
    words: tuple[str, ...]

    @property
    def essence(self) -> frozenset[str]:
        """The words, without those that say where and whether."""
        return frozenset(list_essential(self.words))


@dataclass(frozen=True)
class SweepFile:
    """What a sweep is made of.

    Attributes
    ----------
    id
        Of its jobs' words: the same command is the same sweep, started again.
    name
        Of the experiment, ``light``; None for a sweep that was typed out.
    started
        Last, as ISO 8601.
    pid, host
        The process that started it, and its machine.
    options
        What each job needs besides its words: folders of configurations.
    jobs
        None for a sweeper that decides as it goes.
    """

    id: str
    name: str | None
    started: str
    pid: int
    host: str
    options: tuple[str, ...]
    jobs: tuple[PlannedJob, ...] | None

    @property
    def label(self) -> str:
        """The name, or else the id."""
        return self.name or self.id


def make_sweep_id(words: Iterable[Sequence[str]]) -> str:
    """Return what identifies a sweep of jobs, by their words."""
    lines = sorted(" ".join(sorted(list_essential(job))) for job in words)
    return sha256("\n".join(lines).encode()).hexdigest()[:DIGITS]


def list_essential(words: Iterable[str]) -> list[str]:
    """Return words without those that say where and whether."""
    return [one for one in words if not one.lstrip("+").startswith(_ELSEWHERE)]


def sweep_path(home: Path, sweep: str) -> Path:
    """Return where the file of a sweep is."""
    return home / FOLDER / f"{sweep}{SUFFIX}"


def save_sweep(home: Path, sweep: SweepFile) -> None:
    """Write the file of a sweep, atomically.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    with replace_atomically(sweep_path(home, sweep.id), durable=False) as file:
        file.write(json.dumps({"schema": SCHEMA} | asdict(sweep)).encode())


def read_sweeps(home: Path) -> tuple[list[SweepFile], list[str]]:
    """Return the sweeps of a folder of records, the last one first, and what is wrong with others.

    Returns
    -------
    tuple
        The sweeps, and a sentence for each file that cannot be read.
    """
    sweeps, problems = [], []
    for path in sorted((home / FOLDER).glob(f"*{SUFFIX}")):
        try:
            sweeps.append(_parse(path.read_bytes(), path.stem))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            problems.append(
                f"{path} is not a readable sweep ({reason}); remove it, no record depends on it"
            )
    return sorted(sweeps, key=lambda one: one.started, reverse=True), problems


def _parse(content: bytes, stem: str) -> SweepFile:
    values: dict[str, Any] = json.loads(content)
    if values.pop("schema") != SCHEMA:
        raise ValueError("it was written by another version of coldbench")
    jobs = values.pop("jobs")
    planned = None if jobs is None else tuple(_parse_job(one) for one in jobs)
    sweep = SweepFile(**values | {"options": tuple(values["options"]), "jobs": planned})
    if sweep.id != stem or not isinstance(sweep.started, str):
        raise ValueError("its id is not that of its name")
    return sweep


def _parse_job(values: dict[str, Any]) -> PlannedJob:
    return PlannedJob(**values | {"number": int(values["number"]), "words": tuple(values["words"])})


def find_sweep(sweeps: Sequence[SweepFile], wanted: str | None) -> SweepFile:
    """Return the last sweep of a name or of an id that begins so; the last of all for None.

    Raises
    ------
    ColdbenchError
        When there is none.
    """
    for one in sweeps:
        if wanted is None or wanted == one.name or one.id.startswith(wanted):
            return one
    if wanted is None:
        raise ColdbenchError("no sweep has left a file here; make one with: coldbench run -m ...")
    known = ", ".join(f"{one.label}" for one in sweeps) or "none"
    raise ColdbenchError(f"no sweep {wanted!r} here; there are: {known}")
