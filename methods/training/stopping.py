"""When a training stops and which weights it keeps, by the split's validation."""

import math
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint, EarlyStopping
from torch import Tensor

from .schedule import TrainingLog
from .split_validation import MONITOR, SplitValidation


class StopWithoutGain(EarlyStopping):
    """Lightning's early stopping, asked only after epochs that were validated.

    Parameters
    ----------
    validation
        Says whether the epoch was validated.
    options
        Arguments of ``EarlyStopping`` that were set for the run; by default the mean over the
        validation tasks is to rise.
    """

    def __init__(self, validation: SplitValidation, **options: Any) -> None:
        chosen: dict[str, Any] = {"mode": "max", "strict": False, "check_finite": False} | options
        super().__init__(monitor=MONITOR, check_on_train_epoch_end=True, **chosen)
        self.validation = validation

    def on_fit_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Take the untrained network's validation as the value to be bettered."""
        curve = self.validation.training_log.validation
        if len(curve) == 1 and curve[0][0] == 0 and not math.isnan(curve[0][1]):
            self.best_score = torch.tensor(curve[0][1], dtype=torch.float64)

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Stop at once where a resumed training had come to its end already."""
        if self.wait_count >= self.patience:
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Look at the epoch's validation, if there was one."""
        if self.validation.fresh:
            super().on_train_epoch_end(trainer, module)


class BestWeights(Checkpoint):
    """Keeps the weights of the best validation in memory and ends the training with them.

    Attributes
    ----------
    best_model_score
        The highest mean over the validation tasks; minus infinity before any.
    """

    def __init__(self, validation: SplitValidation, log: TrainingLog) -> None:
        self.validation, self.training_log = validation, log
        self.best_model_score = -math.inf
        self._best: dict[str, Tensor] | None = None

    def on_fit_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Keep the untrained network where it was validated."""
        curve = self.training_log.validation
        if self._best is None and curve and curve[0][0] == 0:
            self._keep_if_best(module)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Keep the epoch's weights if none were better."""
        if self.validation.fresh:
            self._keep_if_best(module)

    def _keep_if_best(self, module: pl.LightningModule) -> None:
        epoch, value = self.training_log.validation[-1]
        if value > self.best_model_score:
            self.best_model_score, self.training_log.best_epoch = value, epoch
            self._best = _changing(module)

    def on_fit_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Put the best weights into the module."""
        if self._best is not None:
            module.load_state_dict(self._best, strict=False)
            self._best = None

    def state_dict(self) -> dict[str, Any]:
        """Return the weights and their value."""
        return {"best": self._best, "score": self.best_model_score}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Set them."""
        self._best, self.best_model_score = state_dict["best"], state_dict["score"]


def _changing(module: torch.nn.Module) -> dict[str, Tensor]:
    """Return a copy of everything that training may change."""
    fixed = {name for name, p in module.named_parameters() if not p.requires_grad}
    state = module.state_dict()
    return {name: t.detach().clone() for name, t in state.items() if name not in fixed}
