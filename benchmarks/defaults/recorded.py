"""Validation that a record already holds, so that a setting need not be fitted again."""

import json
from pathlib import Path

from ..config.configured import configured
from ..config.run_config import compose_run
from ..runs.identity import make_identity
from ..tuning.fit_trial import TrialResult
from .jobs import Job


class RecordedTrials:
    """The runs of a folder of results, by what identifies them.

    Parameters
    ----------
    home
        The folder.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, job: Job) -> TrialResult | None:
        """Return the validation of a run with these settings on this split; None without one."""
        place = job.place
        name, _, track = place.dataset.partition("@")
        words = [f"method={job.method}", f"dataset={name}", f"scenario={place.scenario}"]
        words += [f"seed={place.seed}", *([f"scenario.track={track}"] if track else [])]
        config = compose_run(words)
        config.method = configured(config.method, job.settings, "method")
        wanted = make_identity(config)
        for path in sorted((self.home / place.scenario / name / job.method).glob("*.json")):
            record = json.loads(path.read_text())
            if record["status"] == "ok" and record["config"] == wanted and record["validation"]:
                cost = record["cost"]
                return TrialResult(
                    "complete",
                    record["validation"]["groups"],
                    seconds=cost["fit_seconds"] + (cost["validation_seconds"] or 0),
                )
        return None
