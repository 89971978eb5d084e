"""When a training stops and which weights it keeps, by the split's validation."""

import math
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, Checkpoint, EarlyStopping
from torch import Tensor

from .patience import has_run_out
from .schedule import TrainingLog
from .smoothing import find_kept, find_waiting
from .split_validation import MONITOR, SplitValidation, is_sharded


class StopWithoutGain(Callback):
    """Stops once no group of tasks has gained within the patience; see ``patience``."""

    def __init__(self, validation: SplitValidation, log: TrainingLog) -> None:
        self.validation, self.training_log = validation, log

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Stop at once where a resumed training had come to its end already."""
        self._look(trainer)

    def on_train_batch_end(self, trainer: pl.Trainer, module: pl.LightningModule, *_: Any) -> None:
        """Look at a validation inside an epoch."""
        if self.validation.fresh:
            self._look(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Look at the epoch's validation, if there was one."""
        if self.validation.fresh:
            self._look(trainer)

    def _look(self, trainer: pl.Trainer) -> None:
        if has_run_out(self.training_log, self.validation.stopping):
            trainer.should_stop = True


class StopByTheMean(EarlyStopping):
    """Lightning's early stopping, in place of our own where it was set for the run.

    Parameters
    ----------
    validation
        Says whether the epoch was validated: only then it is asked.
    options
        Arguments of ``EarlyStopping``; by default the mean over the validation tasks is to rise.
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
    """Keeps the weights of each group's best validation in memory; see ``smoothing``.

    The training ends with those that are best by the mean over all tasks. Besides, weights of as
    many moments are held as there are groups with another best, and of the latest two validations.

    Attributes
    ----------
    best_model_score
        The value of the validation that the mean keeps; minus infinity before any.
    weights
        By position of the validation, everything that training may change.
    """

    def __init__(self, validation: SplitValidation, log: TrainingLog) -> None:
        self.validation, self.training_log = validation, log
        self.best_model_score = -math.inf
        self.weights: dict[int, dict[str, Tensor]] = {}

    def on_fit_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Keep the untrained network where it was validated."""
        curve = self.training_log.validation
        if not self.weights and curve and curve[0][0] == 0:
            self._keep(trainer, module)

    def on_train_batch_end(self, trainer: pl.Trainer, module: pl.LightningModule, *_: Any) -> None:
        """Keep the weights of a validation inside an epoch."""
        if self.validation.fresh:
            self._keep(trainer, module)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Keep the epoch's weights while they may be the best of any group."""
        if self.validation.fresh:
            self._keep(trainer, module)

    def _keep(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        log = self.training_log
        self.weights[len(log.validation) - 1] = _changing(module)
        best, curves = find_kept(log.means), log.groups
        log.best_epoch, self.best_model_score = log.validation[best]
        if is_sharded(trainer):  # a rank has no whole network to make copies of
            curves = dict.fromkeys(curves, log.means)
        log.kept = {group: find_kept(curve) for group, curve in curves.items()}
        wanted = find_waiting(log.means).union(*map(find_waiting, curves.values()))
        self.weights = {at: one for at, one in self.weights.items() if at in wanted}

    def on_fit_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Put the weights that the mean keeps into the module; leave those of other groups."""
        if not self.weights:
            return
        best = find_kept(self.training_log.means)
        module.load_state_dict(self.weights[best], strict=False)
        others = set(self.training_log.kept.values()) - {best}
        self.weights = {at: one for at, one in self.weights.items() if at in others}

    def state_dict(self) -> dict[str, Any]:
        """Return the weights and the value of the best."""
        return {"weights": self.weights, "score": self.best_model_score}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Set them."""
        self.weights, self.best_model_score = state_dict["weights"], state_dict["score"]


def _changing(module: torch.nn.Module) -> dict[str, Tensor]:
    """Return a copy of everything that training may change."""
    fixed = {name for name, p in module.named_parameters() if not p.requires_grad}
    state = module.state_dict()
    return {name: t.detach().clone() for name, t in state.items() if name not in fixed}
