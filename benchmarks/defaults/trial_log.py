"""The log of the trials of one method: a line of JSON for each, so that a search goes on."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..records.digests import to_jsonable
from ..tuning.fit_trial import TrialResult
from .jobs import Job, Place

KEPT = ("complete", "not_applicable")
"""How a trial ended that is not made again; one that failed may have lacked time."""


class TrialLog:
    """What was found so far for one method, in a file that only grows.

    Parameters
    ----------
    path
        The file; it need not exist.

    Attributes
    ----------
    results
        By number of the setting and split.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.results: dict[tuple[int, Place], TrialResult] = {}
        self._settings: dict[tuple[int, Place], Any] = {}
        if path.exists():
            text = path.read_text()
            if not text.endswith("\n"):  # the process was killed while it wrote the line
                path.write_text(text + "\n")
            for line in text.splitlines():
                self._read(line)

    def is_done(self, job: Job) -> bool:
        """Say whether a job need not be done again: same setting, same split."""
        at = (job.trial, job.place)
        there = self.results.get(at)
        same = self._settings.get(at) == to_jsonable(job.settings)
        return there is not None and same and there.state in KEPT

    def add(self, job: Job, result: TrialResult) -> None:
        """Write what was found, at once."""
        line = {
            "trial": job.trial,
            "place": asdict(job.place),
            "settings": to_jsonable(job.settings),
            "result": asdict(result),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        self._keep(line, result)

    def _read(self, line: str) -> None:
        try:
            found = json.loads(line)
        except ValueError:
            return
        self._keep(found, TrialResult(**found["result"]))

    def _keep(self, line: dict[str, Any], result: TrialResult) -> None:
        at = (int(line["trial"]), Place(**line["place"]))
        self.results[at], self._settings[at] = result, line["settings"]
