"""What became of the jobs of a sweep: a line when a job knows its run, and one when it has ended.

The journal only grows, by whole lines that begin with a line break, so that one torn by a full disk
costs itself alone. Several processes may append to it at once.
"""

import json
import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .sweep_file import FOLDER

SUFFIX = ".jobs.jsonl"


@dataclass
class JobNote:
    """What is known of a job.

    Attributes
    ----------
    run
        Path of its record below the results, whether or not that is there; None before its data
        was split.
    status
        Of its end, ``skipped`` too; None while it has not ended, or was killed.
    seconds
        That the job took, the last time that it was not skipped.
    reason
        Why it has no scores.
    label
        Method, dataset, scenario and seed.
    """

    run: str | None = None
    status: str | None = None
    seconds: float | None = None
    reason: str | None = None
    label: tuple[str, str, str, int] | None = None


def journal_path(home: Path, sweep: str) -> Path:
    """Return where the journal of a sweep is."""
    return home / FOLDER / f"{sweep}{SUFFIX}"


def note_job(home: Path, sweep: str, number: int, **facts: Any) -> None:
    """Append what became of a job; where that cannot be written, nothing happens.

    Parameters
    ----------
    home
        Folder of the records.
    sweep, number
        Id of the sweep, and number of the job there.
    facts
        Attributes of ``JobNote``.
    """
    line = b"\n" + json.dumps({"job": number} | facts).encode() + b"\n"
    try:
        path = journal_path(home, sweep)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError as error:
        logging.getLogger(__name__).warning("the sweep's journal cannot be written: %s", error)
        return
    try:
        with suppress(OSError, ImportError):  # appending is atomic on a local disk without it
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, line)
    except OSError as error:
        logging.getLogger(__name__).warning("the sweep's journal cannot be written: %s", error)
    finally:
        os.close(handle)


def read_journal(home: Path, sweep: str) -> dict[int, JobNote]:
    """Return what is known of the jobs of a sweep, by number; lines that are torn are left out."""
    notes: dict[int, JobNote] = {}
    try:
        lines = journal_path(home, sweep).read_bytes().split(b"\n")
    except OSError:
        return notes
    for line in lines:
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            facts = json.loads(line)
            _apply(notes.setdefault(int(facts["job"]), JobNote()), facts)
    return notes


def _apply(note: JobNote, facts: dict[str, Any]) -> None:
    """Add a line to what was known: a job that begins again has no end yet."""
    if "label" in facts:
        method, dataset, scenario, seed = facts["label"]
        note.label = str(method), str(dataset), str(scenario), int(seed)
    if facts.get("run"):
        note.run = str(facts["run"])
    note.status = facts.get("status")
    note.reason = facts.get("reason")
    if note.status not in (None, "skipped") and "seconds" in facts:
        note.seconds = float(facts["seconds"])
