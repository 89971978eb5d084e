"""The callback that reports each validation of a training to whoever compares trainings."""

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from ...datasets.training import Report
from .schedule import TrainingLog
from .split_validation import SplitValidation

_GROUP = "group/"


class ReportValidations(Callback):
    """Calls ``report`` after each validation; what it raises ends the training.

    Parameters
    ----------
    report
        Called with how many validations there were, and the latest by group of tasks.
    validation
        Says whether the epoch was validated.
    log
        Holds what was found.
    """

    def __init__(self, report: Report, validation: SplitValidation, log: TrainingLog) -> None:
        self.report, self.validation, self.training_log = report, validation, log

    def on_train_batch_end(self, trainer: pl.Trainer, module: pl.LightningModule, *_: Any) -> None:
        """Report a validation inside an epoch."""
        self.on_train_epoch_end(trainer, module)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Report the epoch's validation, if there was one; the first of several ranks does it."""
        if not self.validation.fresh or trainer.global_rank != 0:
            return
        log = self.training_log
        groups = {
            name.removeprefix(_GROUP): curve[-1][1]
            for name, curve in log.validation_parts.items()
            if name.startswith(_GROUP)
        }
        if groups:
            self.report(len(log.validation), groups)
