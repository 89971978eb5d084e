"""What a run sets of Lightning and where it keeps its training, as the method receives it."""

import logging
import shutil
from pathlib import Path

from ...datasets.training import CheckpointFolder, TrainerSettings
from ..config.run_config import to_plain
from ..config.trainer_groups import lightning_classes, trainer_departures
from ..isolation.first_process import is_first_process
from ..records.home import results_home
from .plan import Plan

FOLDER = ".checkpoints"
"""Below the results: a folder for each run that is being trained, named by its ``run_id``."""


def training_settings(plan: Plan) -> TrainerSettings:
    """Return what departs from the method's own training, and the folder of its checkpoints."""
    config, found = plan.config, trainer_departures(plan.config)
    loggers = lightning_classes("logger", config.logger)
    for name, options in loggers.items():
        options.setdefault("name", plan.record.run_id)
        if "save_dir" in options:
            Path(options["save_dir"]).mkdir(parents=True, exist_ok=True)
        logging.getLogger(__name__).info("%s logs as %s", name, options["name"])
    return TrainerSettings(
        flags=to_plain(found.get("trainer", {})),
        callbacks=to_plain(lightning_classes("callbacks", config.callbacks)),
        loggers=to_plain(loggers),
        checkpoints=CheckpointFolder(checkpoint_folder(plan), config.checkpoint.every_minutes),
    )


def checkpoint_folder(plan: Plan) -> Path:
    """Return where the trainings of a run are kept until its record is written."""
    return results_home(plan.config.results) / FOLDER / plan.record.run_id


def remove_checkpoints(plan: Plan) -> None:
    """Remove them, once the record is there; the first of several processes does it."""
    folder = checkpoint_folder(plan)
    if is_first_process() and folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()
