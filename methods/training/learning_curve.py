"""Callbacks that write down the training loss and tell how far the training is."""

import math
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from ...datasets.progress import Progress
from .schedule import TrainingError, TrainingLog

LOSS = "training/loss"
"""Name of an epoch's mean loss among the logged metrics."""


class LearningCurve(Callback):
    """Writes each epoch's mean training loss into the log, and refuses one that is not finite.

    Any module that returns its loss from ``training_step`` (as a scalar, or under ``loss``) is
    followed; one that takes many steps returns ``losses`` and ``weights``.

    Parameters
    ----------
    log
        Is written into.
    keeps_last
        True where nothing is validated and the last epoch's weights are kept.
    """

    def __init__(self, log: TrainingLog, keeps_last: bool) -> None:
        self.training_log, self.keeps_last = log, keeps_last
        self.count = self.last_count = 0
        self._sum = torch.zeros(())

    def on_train_epoch_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Begin a mean."""
        self._sum = torch.zeros((), device=module.device)
        self.count = 0

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Add the losses of a call of ``training_step``; padding counts nothing."""
        if isinstance(outputs, dict) and "losses" in outputs:
            for loss, weight in zip(outputs["losses"], outputs["weights"], strict=True):
                if weight:
                    self._sum += loss.float()
                    self.count += 1
        else:
            loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
            if isinstance(loss, torch.Tensor):
                self._sum += loss.detach().float() * trainer.accumulate_grad_batches
                self.count += 1

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Write the epoch's mean down.

        Raises
        ------
        TrainingError
            When it is not finite, or there was nothing to train on.
        """
        done, log = trainer.current_epoch + 1, self.training_log
        total, count = self._over_ranks(trainer)
        if count == 0 and not trainer.fit_loop.epoch_loop.batch_progress.current.ready:
            raise TrainingError(f"epoch {done} had no mini-batch; use a smaller batch_size")
        log.steps, log.epochs = trainer.global_step, done
        if self.keeps_last:
            log.best_epoch = done
        if count == 0:  # a manual module that returns no loss
            return
        loss = float(total / count)
        log.losses.append(loss)
        if not math.isfinite(loss):
            name = type(getattr(module, "network", module)).__name__
            raise TrainingError(
                f"the training loss of {name} became {loss} in epoch {done}; "
                "lower the learning rate"
            )
        self.last_count = self.count
        module.log(LOSS, loss)

    def _over_ranks(self, trainer: pl.Trainer) -> tuple[torch.Tensor, int]:
        if trainer.world_size == 1:
            return self._sum, self.count
        both = torch.stack((self._sum, self._sum.new_tensor(float(self.count))))
        summed: Any = trainer.strategy.reduce(both, reduce_op="sum")
        return summed[0], int(summed[1])

    def state_dict(self) -> dict[str, Any]:
        """Return the whole log: a training that goes on continues it."""
        return {"log": dict(vars(self.training_log)), "last_count": self.last_count}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue a log."""
        self.training_log.take(state_dict["log"])
        self.last_count = state_dict["last_count"]


class TellProgress(Callback):
    """Tells how many epochs are done, with the latest loss and validation."""

    def __init__(self, progress: Progress, curve: LearningCurve) -> None:
        self.progress, self.curve = progress, curve

    def on_train_epoch_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Tell that an epoch begins."""
        self._tell(trainer, trainer.current_epoch)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Tell which part of the epoch is done, once the first has been counted."""
        if self.curve.last_count:
            share = min(1, self.curve.count / self.curve.last_count)
            self._tell(trainer, trainer.current_epoch + share)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Tell that an epoch is done."""
        self._tell(trainer, trainer.current_epoch + 1)

    def _tell(self, trainer: pl.Trainer, done: float) -> None:
        if trainer.global_rank == 0:
            log, told = self.curve.training_log, {}
            if log.losses:
                told["loss"] = log.losses[-1]
            if log.validation:
                told["validation"] = log.validation[-1][1]
            self.progress(done, _epochs_in_all(trainer, log), "epoch", **told)


def _epochs_in_all(trainer: pl.Trainer, log: TrainingLog) -> float:
    """Return the most epochs there will be; 0 where that is not known yet."""
    bounds = [float(trainer.max_epochs)] if trainer.max_epochs and trainer.max_epochs > 0 else []
    if trainer.max_steps > 0 and log.steps:
        bounds.append(math.ceil(trainer.max_steps * log.epochs / log.steps))
    return min(bounds, default=0)
