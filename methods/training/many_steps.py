"""A network with a ``loss`` as a LightningModule that takes many optimiser steps per call.

A trainer spends far longer on a call of ``training_step`` than a small network on a mini-batch. So
each call is handed several mini-batches; each is still its own optimiser step, which Lightning
counts (``trainer.global_step``), since it is taken by Lightning's own optimiser wrapper.
"""

from collections.abc import Iterator
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.precision import Precision
from pytorch_lightning.strategies import SingleDeviceStrategy
from pytorch_lightning.utilities.model_helpers import is_overridden
from torch import Tensor, nn

from .batches import Batches
from .rounds import deal, epoch_of, grouped
from .schedule import MakeOptimiser, StepRules

COUNTED_IN_BATCHES = (
    "fast_dev_run",
    "limit_train_batches",
    "overfit_batches",
    "val_check_interval",
)
"""Trainer flags that count calls of ``training_step``: with them a call is one mini-batch."""


class ManySteps(pl.LightningModule):
    """A network in training: its loss, its optimiser, and the steps of several mini-batches.

    Parameters
    ----------
    network
        Has ``loss(batch) -> scalar tensor``.
    batches
        ``batches(epoch)`` gives the mini-batches.
    optimiser
        Makes the optimiser from the trainable parameters.
    rules
        What happens around a step: learning rate, clipping, a call afterwards.
    batches_per_step
        Mini-batches in a call of ``training_step``.
    """

    def __init__(
        self,
        network: nn.Module,
        batches: Batches,
        optimiser: MakeOptimiser,
        rules: StepRules,
        batches_per_step: int,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.strict_loading = False
        self.network = network
        self.rules, self.batches_per_step = rules, batches_per_step
        self.accumulate, self.clip_value, self.clip_algorithm = 1, None, None
        self._batches, self._make_optimiser = batches, optimiser
        self._trainable = [p for p in network.parameters() if p.requires_grad]

    def take_flags(self, flags: dict[str, Any]) -> dict[str, Any]:
        """Take over the Trainer flags that Lightning refuses to manual optimisation.

        Returns the others.
        """
        others = dict(flags)
        self.accumulate = int(others.pop("accumulate_grad_batches", 1))
        self.clip_value = others.pop("gradient_clip_val", None)
        self.clip_algorithm = others.pop("gradient_clip_algorithm", None)
        if any(others.get(name) for name in COUNTED_IN_BATCHES):
            self.batches_per_step = 1
        return others

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Make the optimiser."""
        return self._make_optimiser(self._trainable)

    def train_dataloader(self) -> "_Calls":
        """Return what Lightning iterates: several weighted mini-batches at a time."""
        return _Calls(self, self._batches)

    def on_train_start(self) -> None:
        """See whether anybody examines a step; else it is taken without asking anybody."""
        self._plain = _is_plain(self.trainer)

    def on_train_epoch_start(self) -> None:
        """Put the network into training mode: validation has left it in evaluation mode."""
        self.network.train()

    def training_step(self, call: list[tuple[Any, float]], index: int) -> dict[str, Any]:
        """Take one optimiser step for each mini-batch (or each few, where they accumulate)."""
        optimiser: Any = self.optimizers()
        losses, weights, before = [], [], self.trainer.global_step
        for at, (batch, weight) in enumerate(call, 1):
            if 0 <= self.trainer.max_steps <= self.trainer.global_step:
                break
            loss = self.network.loss(batch)  # type: ignore[operator]
            if self.accumulate == 1:
                optimiser.zero_grad(set_to_none=True)
            share = weight / self.accumulate
            self._backward(loss if share == 1 else loss * share)
            if self.accumulate == 1 or self._full(index * self.batches_per_step + at, call, at):
                self._step(optimiser)
            losses.append(loss.detach())
            weights.append(weight)
        # Lightning counts a call as one step of its loggers; here it is as many as were taken.
        taken = self.trainer.global_step - before
        self.trainer.fit_loop.epoch_loop._batches_that_stepped += taken - 1
        return {"losses": losses, "weights": weights}

    def _backward(self, loss: Tensor) -> None:
        if self._plain:
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            self.manual_backward(loss)

    def _full(self, done: int, call: list[Any], at: int) -> bool:
        """Say whether enough gradients are there for a step; the epoch's last batch always is."""
        return done % self.accumulate == 0 or (at == len(call) and self.trainer.is_last_batch)

    def _step(self, optimiser: Any) -> None:
        rules, step = self.rules, self.trainer.global_step
        if rules.clip is not None:
            nn.utils.clip_grad_norm_(self._trainable, rules.clip)
        if self.clip_value is not None:
            self.clip_gradients(optimiser, self.clip_value, self.clip_algorithm)
        if rules.learning_rate_factor is not None:
            for group in optimiser.optimizer.param_groups:
                group.setdefault("initial_lr", group["lr"])
                group["lr"] = group["initial_lr"] * rules.learning_rate_factor(step)
        if self._plain:  # as LightningOptimizer.step, without the way through every plugin
            optimiser._on_before_step()
            optimiser.optimizer.step()
            optimiser._on_after_step()
        else:
            optimiser.step()
        if rules.after_step is not None:
            rules.after_step(step + 1)
        if self.accumulate > 1:
            optimiser.zero_grad(set_to_none=True)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave out what never changes, and keep the buffers that a state_dict leaves out."""
        fixed = {name for name, p in self.named_parameters() if not p.requires_grad}
        state = checkpoint["state_dict"]
        checkpoint["state_dict"] = {name: t for name, t in state.items() if name not in fixed}
        checkpoint["other_buffers"] = {
            name: buffer.clone() for name, buffer in self.named_buffers() if name not in state
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Set these buffers."""
        there: dict[str, Tensor] = dict(self.named_buffers())
        for name, buffer in checkpoint["other_buffers"].items():
            there[name].copy_(buffer)


def _is_plain(trainer: pl.Trainer) -> bool:
    """Say whether no plugin and no callback has a part in a step: it then costs a third less.

    That is a tenth of a millisecond, which counts where a step takes two.
    """
    hooks = ("on_before_backward", "on_after_backward", "on_before_optimizer_step")
    callbacks: list[pl.Callback] = vars(trainer)["callbacks"]
    watched = any(is_overridden(hook, one) for one in callbacks for hook in hooks)
    alone = type(trainer.strategy) is SingleDeviceStrategy
    return alone and type(trainer.precision_plugin) is Precision and not watched


class _Calls:
    """Mini-batches of this rank and the present epoch, in the portions of ``training_step``."""

    def __init__(self, module: ManySteps, batches: Batches) -> None:
        self.module, self.batches = module, batches

    def __iter__(self) -> Iterator[list[tuple[Any, float]]]:
        trainer = self.module.trainer
        batches = self.batches(epoch_of(trainer))
        dealt = deal(batches, trainer.global_rank, trainer.world_size)
        return grouped(dealt, self.module.batches_per_step)
