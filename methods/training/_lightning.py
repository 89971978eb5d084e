"""The Lightning side of ``fit_module``: the training loop of one network."""

import itertools
import math
import os
from collections.abc import Iterator
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from torch import Tensor, nn

from ...datasets.errors import ColdbenchError
from ...datasets.progress import Progress
from ...datasets.world import Resources
from .batches import Batches
from .schedule import MakeOptimiser, Schedule, TrainingError, TrainingLog


class _Stream:
    """Batches of the trainer's current epoch, this rank's share, several at a time."""

    def __init__(self, training: "Training", batches: Batches, chunk: int) -> None:
        self.training, self.batches, self.chunk = training, batches, chunk

    def __iter__(self) -> Iterator[list[Any]]:
        trainer = self.training.trainer
        dealt = itertools.batched if hasattr(itertools, "batched") else _batched
        stream = iter(self.batches(trainer.current_epoch))
        if trainer.world_size > 1:
            rounds = dealt(stream, trainer.world_size)
            stream = (r[trainer.global_rank] for r in rounds if len(r) == trainer.world_size)
        yield from map(list, dealt(stream, self.chunk))


def _batched(stream: Iterator[Any], size: int) -> Iterator[tuple[Any, ...]]:
    while group := tuple(itertools.islice(stream, size)):
        yield group


class Training(pl.LightningModule):
    """One network in training: loss, steps, validation, best weights."""

    def __init__(
        self,
        network: nn.Module,
        batches: Batches,
        optimiser: MakeOptimiser,
        schedule: Schedule,
        log: TrainingLog,
        batches_per_step: int,
        progress: Progress,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network = network
        self.schedule, self.record = schedule, log
        self._make_optimiser = optimiser
        self._stream = _Stream(self, batches, batches_per_step)
        self._trainable = [p for p in network.parameters() if p.requires_grad]
        self._best: dict[str, Tensor] | None = None
        self._best_value = -math.inf
        self._without_gain = 0
        self._progress = progress
        self._last_count = 0

    def run(self, trainer: pl.Trainer) -> None:
        """Train, and leave the kept weights in the network."""
        try:
            trainer.fit(self, train_dataloaders=self._stream)
        except SystemExit as exit_:
            raise (KeyboardInterrupt() if trainer.interrupted else exit_) from None
        finally:
            alone = self.record.devices == 1
            self.network.to(self.record.device if alone else "cpu").eval()
            self.trainer = None  # type: ignore[assignment]

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self._make_optimiser(self._trainable)

    def on_fit_start(self) -> None:
        torch.set_num_threads(self.record.threads)
        torch.manual_seed(torch.initial_seed() + self.global_rank)
        if self.schedule.validate_first:
            self._validate(0)

    def on_train_epoch_start(self) -> None:
        self.network.train()
        self._sum = torch.zeros((), device=self.device)
        self._count = 0
        self._tell(self.current_epoch)

    def training_step(self, chunk: list[Any], index: int) -> None:
        optimiser: Any = self.optimizers(use_pl_optimizer=False)
        for batch in chunk:
            loss = self.network.loss(batch)  # type: ignore[operator]
            optimiser.zero_grad(set_to_none=True)
            self.manual_backward(loss)
            self._step(optimiser)
            self._sum += loss.detach().float()
        self._count += len(chunk)
        if self._last_count:
            self._tell(self.current_epoch + min(1, self._count / self._last_count))

    def _step(self, optimiser: torch.optim.Optimizer) -> None:
        if self.schedule.clip is not None:
            nn.utils.clip_grad_norm_(self._trainable, self.schedule.clip)
        factor = self.schedule.learning_rate_factor
        if factor is not None:
            for group in optimiser.param_groups:
                group.setdefault("initial_lr", group["lr"])
                group["lr"] = group["initial_lr"] * factor(self.record.steps)
        optimiser.step()
        self.record.steps += 1
        if self.schedule.after_step is not None:
            self.schedule.after_step(self.record.steps)

    def on_train_epoch_end(self) -> None:
        done = self.current_epoch + 1
        if self._count == 0:
            raise TrainingError(
                f"epoch {done} had no mini-batch for {self.trainer.world_size} devices; "
                "use a smaller batch_size or fewer devices"
            )
        loss = float(self.trainer.strategy.reduce(self._sum / self._count, reduce_op="mean"))
        self.record.losses.append(loss)
        if not math.isfinite(loss):
            raise TrainingError(
                f"the training loss of {type(self.network).__name__} became {loss} in epoch "
                f"{done}; lower the learning rate"
            )
        self._last_count = self._count
        last = done == self.trainer.max_epochs
        if self.schedule.validate is None:
            self.record.best_epoch = done
        elif done % self.schedule.validate_every == 0 or last:
            self._validate(done)
        self._tell(done)

    def _tell(self, done: float) -> None:
        """Tell how many epochs are done, with figures that are numbers already."""
        if self.global_rank == 0:
            figures = {}
            if self.record.losses:
                figures["loss"] = self.record.losses[-1]
            if self.record.validation:
                figures["validation"] = self.record.validation[-1][1]
            self._progress(done, self.trainer.max_epochs or 0, "epoch", **figures)

    def _validate(self, done: int) -> None:
        value = math.nan
        if self.global_rank == 0:
            value = self._ask()
        value = float(self.trainer.strategy.broadcast(value))
        self.record.validation.append((done, value))
        if value > self._best_value:
            self._best_value, self._without_gain = value, 0
            self.record.best_epoch = done
            self._best = self._copy()
        else:
            self._without_gain += 1
        patience = self.schedule.patience
        if patience is not None and self._without_gain >= patience:
            self.trainer.should_stop = True

    def _ask(self) -> float:
        assert self.schedule.validate is not None
        self.network.eval()
        with torch.no_grad():
            return float(self.schedule.validate())

    def _copy(self) -> dict[str, Tensor]:
        """Return a copy of everything that training may change."""
        fixed = {name for name, p in self.network.named_parameters() if not p.requires_grad}
        state = self.network.state_dict()
        return {name: t.detach().clone() for name, t in state.items() if name not in fixed}

    def on_train_end(self) -> None:
        if self._best is not None:
            self.network.load_state_dict(self._best, strict=False)
            self._best = None

    # A forked rank hands its state_dict back to the parent: the log travels with the weights.
    def get_extra_state(self) -> dict[str, Any]:
        return vars(self.record)

    def set_extra_state(self, state: Any) -> None:
        vars(self.record).update(state)


def make_trainer(resources: Resources, epochs: int, precision: str) -> pl.Trainer:
    """Return a trainer for the given hardware that writes nothing."""
    kind, _, index = resources.device.partition(":")
    accelerators = {"cpu": "cpu", "cuda": "cuda", "mps": "mps"}
    if kind not in accelerators:
        raise ColdbenchError(
            f"unknown device {resources.device!r}; use cpu, cuda, cuda:<number> or mps"
        )
    several = resources.devices > 1
    return pl.Trainer(
        accelerator=kind,
        devices=[int(index)] if index and not several else resources.devices,
        strategy=_strategy(kind) if several else "auto",
        plugins=None if several else [LightningEnvironment()],
        precision=precision,  # type: ignore[arg-type]
        max_epochs=epochs,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        limit_val_batches=0,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        inference_mode=False,
    )


def _strategy(kind: str) -> str:
    launched = "LOCAL_RANK" in os.environ or "SLURM_PROCID" in os.environ
    return "ddp_fork" if kind == "cpu" and not launched else "ddp"
