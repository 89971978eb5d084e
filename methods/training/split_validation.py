"""The callback that evaluates the model on the split's validation part and logs what it finds."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from ...datasets.validation_score import ValidationScore
from .schedule import Stopping, TrainingLog

MONITOR = "validation/ndcg"
"""Name of the mean over the validation tasks (minus RMSE in a rating task); higher is better."""
OVERDUE = 2
"""Inside an epoch a validation is waited for so many times as long as for the end of one."""


class SplitValidation(Callback):
    """Calls ``validate`` when it is due and logs the mean, every task and every group.

    That is after epochs and, where steps are counted and an epoch is long, inside it: once twice as
    many steps have passed as should lie between two validations.

    The metrics are ``validation/ndcg``, ``validation/<task>`` and ``validation/group/<group>``.
    Meanwhile the module is in evaluation mode and without gradients. With several ranks the first
    alone evaluates, each query once, and tells the others.

    Attributes
    ----------
    fresh
        True between a validation and the next step.
    """

    def __init__(self, stopping: Stopping, log: TrainingLog) -> None:
        self.stopping, self.training_log = stopping, log
        self.fresh = False

    def on_fit_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Validate the untrained model where that is asked for.

        A training that goes on validates once more and forgets the value: a network may keep what
        it has computed for the first validation, as the fine-tuned encoder does, and train on it.
        """
        if self.stopping.validate_first and not self.training_log.validation:
            self._record(trainer, module, 0)
        elif self.stopping.validate_first:
            with torch.random.fork_rng():
                self._value(trainer, module)

    def on_train_epoch_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Forget the last epoch's validation."""
        self.fresh = False

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Validate inside a long epoch, when it is overdue."""
        self.fresh = False
        rules = self.stopping
        if rules.validate is not None and rules.validate_every_steps:
            since, gap = self._since_last(trainer)
            if since >= OVERDUE * gap:
                self._validate(trainer, module)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Validate when it is due, and after the last epoch."""
        done_already, self.fresh = self.fresh, False
        if not done_already and self.stopping.validate is not None and self._is_due(trainer):
            self._validate(trainer, module)

    def _validate(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        value, parts = self._record(trainer, module, trainer.current_epoch + 1)
        # In double precision, so that Lightning tells close values apart.
        kind = torch.float32 if module.device.type == "mps" else torch.float64
        named = {MONITOR: value} | {f"validation/{name}": v for name, v in parts.items()}
        module.log_dict({name: torch.tensor(v, dtype=kind) for name, v in named.items()})
        self.fresh = True

    def _is_due(self, trainer: pl.Trainer) -> bool:
        """Say whether enough epochs or steps have passed, or these were the last ones."""
        done = trainer.current_epoch + 1
        if done == trainer.max_epochs or 0 <= trainer.max_steps <= trainer.global_step:
            return True
        if not self.stopping.validate_every_steps:
            return done % self.stopping.validate_every == 0
        since, gap = self._since_last(trainer)
        return since >= gap

    def _since_last(self, trainer: pl.Trainer) -> tuple[int, float]:
        """Return the steps since the last validation, and how many should lie between two."""
        last = [0, *self.training_log.validation_steps][-1]
        return trainer.global_step - last, self.stopping.steps_between(last)

    def _record(
        self, trainer: pl.Trainer, module: pl.LightningModule, done: int
    ) -> tuple[float, dict[str, float]]:
        found = self._value(trainer, module)
        self.training_log.steps = trainer.global_step
        self.training_log.validation.append((done, found[0]))
        self.training_log.validation_steps.append(trainer.global_step)
        for name, value in found[1].items():
            self.training_log.validation_parts.setdefault(name, []).append((done, value))
        return found

    def _value(
        self, trainer: pl.Trainer, module: pl.LightningModule
    ) -> tuple[float, dict[str, float]]:
        found: tuple[float, dict[str, float]] = (math.nan, {})
        with full_weights(trainer), scoring(module):
            if trainer.global_rank == 0:
                assert self.stopping.validate is not None
                found = _parted(self.stopping.validate())
        return trainer.strategy.broadcast(found) if trainer.world_size > 1 else found


def _parted(value: float) -> tuple[float, dict[str, float]]:
    """Return the mean, and the values of tasks and groups where ``validate`` tells them."""
    if not isinstance(value, ValidationScore):
        return float(value), {}
    groups = {f"group/{name}": one for name, one in value.groups.items()}
    return float(value), {**value.tasks, **groups}


@contextmanager
def scoring(module: torch.nn.Module) -> Iterator[None]:
    """Put a module into evaluation mode, without gradients, and every part back afterwards."""
    training = [one for one in module.modules() if one.training]
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for one in training:
            one.training = True


def is_sharded(trainer: pl.Trainer) -> bool:
    """Say whether FSDP has spread the weights over the ranks."""
    return type(getattr(trainer.strategy, "model", None)).__name__ == "FullyShardedDataParallel"


@contextmanager
def full_weights(trainer: pl.Trainer) -> Iterator[None]:
    """Gather weights that FSDP has spread over the ranks; every rank takes part."""
    model: Callable[..., Any] | None = getattr(trainer.strategy, "model", None)
    if not is_sharded(trainer):
        yield
        return
    from torch.distributed.fsdp import FullyShardedDataParallel

    with FullyShardedDataParallel.summon_full_params(model, writeback=False):  # type: ignore[arg-type]
        yield
