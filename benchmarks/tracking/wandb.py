"""``tracking=wandb``: every record as one run of Weights & Biases, offline by default."""

import os
import shutil
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from ...datasets.errors import ColdbenchError
from ...datasets.parameters import parameter
from ..records.record import RunRecord, Status
from . import record_values

SECONDS_TO_START = 30.0
SECONDS_TO_FINISH = 120.0

QUIET = {
    "silent": True,
    "console": "off",
    "disable_git": True,
    "disable_code": True,
    "disable_job_creation": True,
    "save_code": False,
    "sagemaker_disable": True,
    "symlink": False,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_disable_machine_info": True,
    "x_save_requirements": False,
}
"""No output, and nothing of the machine, the checkout, the command line or the environment."""

UNNAMED = {"host": "", "username": "", "email": "", "program": "", "run_notes": ""}
"""What W&B would read from the machine or from its environment variables, given as empty."""


class Mode(str, Enum):
    """Whether records are sent at once or kept for ``wandb sync``."""

    OFFLINE = "offline"
    ONLINE = "online"


@dataclass
class WandbTracking:
    """Mirrors records to W&B."""

    project: str = parameter("coldbench", "the project in which the runs appear")
    entity: str | None = parameter(None, "whose project it is; None is W&B's own default")
    mode: Mode = parameter(Mode.OFFLINE, "offline writes files for `wandb sync`, online sends")
    dir: str | None = parameter(
        None, "folder in which W&B makes its folder wandb; None is $WANDB_DIR, else the current one"
    )

    def send(self, record: RunRecord, rankings: Path | None) -> None:
        """Mirror one record under its own id; sent again, it is the same run.

        Raises
        ------
        Exception
            Whatever W&B raises; ModuleNotFoundError where it is not installed.
        """
        run, exit_code = self._begin(record), 1
        try:
            self._fill(run, record, rankings)
            exit_code = 0 if record.status is Status.OK else 1
        finally:
            run.finish(exit_code=exit_code)
            # W&B's own logs tell the folders of the machine, and the record is what counts.
            shutil.rmtree(Path(run.dir).parent / "logs", ignore_errors=True)

    def _fill(self, run: Any, record: RunRecord, rankings: Path | None) -> None:
        last = log_curves(run, record)
        log_tables(run, record, last + 1)
        run.summary.update(record_values.collect_scalars(record))
        if rankings is not None:
            self._send_rankings(run, record, rankings)

    def _begin(self, record: RunRecord) -> Any:
        """Start the W&B run that has the record's id, independent of any other in the process."""
        import wandb

        refuse_additions()
        # Whole, since W&B's service keeps the folder in which the process made its first run.
        home = Path(self.dir or os.environ.get("WANDB_DIR") or ".").resolve()
        home.mkdir(parents=True, exist_ok=True)  # else W&B takes a temporary one
        settings: dict[str, Any] = QUIET | UNNAMED
        settings |= {
            "allow_offline_artifacts": self.mode is Mode.ONLINE,
            "init_timeout": SECONDS_TO_START,
            "finish_timeout": SECONDS_TO_FINISH,
            "finish_timeout_raises": True,
        }
        wandb.setup(wandb.Settings(silent=True))  # else logging in talks and asks for a key
        return wandb.init(
            project=self.project,
            entity=self.entity,
            dir=str(home),
            mode=self.mode.value,
            id=record.run_id,
            resume="allow",
            reinit="create_new",
            name=f"{record.method} {record.scenario}/{record.dataset} seed {record.seed}",
            group=f"{record.scenario}/{record.dataset}",
            job_type=record.method,
            tags=record_values.make_tags(record),
            config=record_values.make_configuration(record),
            settings=wandb.Settings(**settings),
        )

    def _send_rankings(self, run: Any, record: RunRecord, rankings: Path) -> None:
        """Send the ranked lists as an artifact, of a copy that lies in the folder of the run.

        An offline file names the copy by its way from the current folder, where ``wandb sync`` is
        to be called: so it tells no folder of this machine.
        """
        import wandb

        copy = Path(run.dir).parent / "artifacts" / "rankings.parquet"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(rankings, copy)
        path = str(copy) if self.mode is Mode.ONLINE else os.path.relpath(copy)
        artifact = wandb.Artifact(f"rankings-{record.run_id}", type="rankings")
        artifact.add_file(path, name=copy.name, policy="immutable", skip_cache=True)
        run.log_artifact(artifact)


def refuse_additions() -> None:
    """Refuse to send where W&B itself would add settings to the allow-listed configuration.

    Raises
    ------
    ColdbenchError
        With the file or variable that W&B would read.
    """
    if Path("config-defaults.yaml").exists():
        raise ColdbenchError(
            "W&B would add what config-defaults.yaml in this folder holds; start elsewhere"
        )
    if os.environ.get("WANDB_CONFIG_PATHS"):
        raise ColdbenchError("W&B would add the files in WANDB_CONFIG_PATHS; unset it")


def log_curves(run: Any, record: RunRecord) -> int:
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


def log_tables(run: Any, record: RunRecord, step: int) -> None:
    """Log every value with its interval as the tables ``list_values_per_k`` and ``slices``."""
    import wandb

    tables = {
        "per_k": (record_values.PER_K, record_values.list_values_per_k(record)),
        "slices": (record_values.SLICES, record_values.list_slices(record)),
    }
    media: dict[str, Any] = {}
    for name, (columns, rows) in tables.items():
        if rows:
            media[name] = wandb.Table(columns=list(columns), data=rows)
            # A table that is bound already is not copied into an artifact in W&B's own folder,
            # whose path on this machine would be written down.
            media[name].bind_to_run(run, name, step)
    if media:
        run.log(media, step=step)
