"""Validation that a record already holds, so that a setting need not be fitted again."""

from functools import cache
from pathlib import Path

from ...datasets.errors import ColdbenchError
from ..config.configured import configured
from ..config.run_config import compose_run
from ..records.partial_records import AS_WRITTEN
from ..records.record import RunRecord, Status, read
from ..runs.identity import make_identity
from ..tuning.fit_trial import TrialResult
from .jobs import Job


class RecordedTrials:
    """The runs of a folder of results, by what identifies them.

    Parameters
    ----------
    home
        The folder.

    Raises
    ------
    ColdbenchError
        When it is not there.
    """

    def __init__(self, home: Path) -> None:
        if not home.is_dir():
            raise ColdbenchError(f"--records {home}: there is no such folder")
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
        for record in _read_runs(self.home / place.scenario / name / job.method):
            cost = record.cost
            if record.config == wanted and record.validation and cost is not None:
                return TrialResult(
                    "complete",
                    record.validation["groups"],
                    seconds=cost.fit_seconds + (cost.validation_seconds or 0),
                )
        return None


@cache
def _read_runs(folder: Path) -> list[RunRecord]:
    """Return the records of the runs of a method that succeeded."""
    records = [read(path, AS_WRITTEN) for path in sorted(folder.glob("*.json"))]
    return [one for one in records if one.status is Status.OK]
