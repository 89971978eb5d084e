"""``tracking=wandb``: every record as one run of Weights & Biases, offline by default."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...datasets.parameters import parameter
from ..records.record import RunRecord, Status
from . import record_values
from .destination import Destination
from .destination import Mode as Mode
from .run_contents import log_file, log_tables
from .session import send_run


@dataclass
class WandbTracking(Destination):
    """Mirrors records to W&B."""

    leaderboard: bool = parameter(
        False, "update the leaderboards of the project after the run or sweep"
    )

    def send(self, record: RunRecord, rankings: Path | None) -> bool:
        """Mirror one record under its own id; sent again, it is the same run.

        Returns
        -------
        bool
            False where its offline file is there already.

        Raises
        ------
        Exception
            Whatever W&B raises; ModuleNotFoundError where it is not installed.
        """

        def fill(run: Any) -> None:
            log_record(run, record)
            if rankings is not None:
                log_file(run, f"rankings-{record.run_id}", "rankings", rankings, "rankings.parquet")

        return send_run(
            self,
            record.run_id,
            find_digest(record),
            fill,
            failed=record.status is not Status.OK,
            name=f"{record.method} {record.scenario}/{record.dataset} seed {record.seed}",
            group=self.group or f"{record.scenario}/{record.dataset}",
            job_type=record.method,
            tags=[*record_values.make_tags(record), *self.tags],
            notes=self.notes or "",
            config=record_values.make_configuration(record),
        )


def find_digest(record: RunRecord) -> str:
    """Return what changes when a record is made again; a record of schema 1 has its id alone."""
    return record.sha256 or record.run_id


def log_record(run: Any, record: RunRecord) -> None:
    """Log the curves, tables and scalars of a record."""
    last = _log_curves(run, record)
    _log_values(run, record, last + 1)
    run.summary.update(record_values.collect_scalars(record))


def _log_curves(run: Any, record: RunRecord) -> int:
    """Log the training's curves over their epochs and return the last one, 0 without any.

    Steps are given, not counted: what is sent a second time is known to W&B and not doubled.
    """
    curves = record_values.collect_curves(record)
    epochs = sorted({epoch for curve in curves.values() for epoch in curve})
    run.define_metric("epoch", hidden=True)
    run.define_metric("training/*", step_metric="epoch")
    for epoch in epochs:
        values = {name: curve[epoch] for name, curve in curves.items() if epoch in curve}
        run.log({"epoch": epoch, **values}, step=epoch)
    return epochs[-1] if epochs else 0


def _log_values(run: Any, record: RunRecord, step: int) -> None:
    """Log every value with its interval as the tables ``per_k`` and ``slices``."""
    per_k = (list(record_values.PER_K), record_values.list_values_per_k(record))
    slices = (list(record_values.SLICES), record_values.list_slices(record))
    log_tables(run, {"per_k": per_k, "slices": slices}, step)
