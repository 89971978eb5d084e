"""Train any LightningModule: seeded, validated by the split, resumable, quiet."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import Callback, Checkpoint
from pytorch_lightning.utilities.model_helpers import is_overridden

from ...datasets.errors import ColdbenchError
from ...datasets.training import TrainerSettings
from ...datasets.world import Resources, TrainView
from .adequacy import judge_training
from .checkpoints import GoOnAfterEpoch, LastCheckpoint, RankState, resumable
from .group_networks import keep_group_weights
from .learning_curve import LearningCurve, TellProgress
from .loaders import Shares, training_data
from .many_steps import ManySteps
from .process import ended_by_signals, lightning_contained
from .schedule import Stopping, StoppingOptions, TrainingLog
from .seeding import seeded
from .split_validation import MONITOR, SplitValidation
from .stopping import BestWeights, StopByTheMean, StopWithoutGain
from .trainer import is_forked, make_part, make_trainer
from .trial_reports import ReportValidations

_AUTOMATIC_ONLY = ("accumulate_grad_batches", "gradient_clip_val")
_DEVICES = {"cpu": "cpu", "gpu": "cuda", "cuda": "cuda", "mps": "mps"}
_LOG_FILE, _WEIGHTS_FILE = "log.json", "group_weights.ckpt"


def fit_lightning(
    module: pl.LightningModule,
    data: Any,
    train: TrainView,
    *,
    precision: str = "32-true",
    **stopping: Unpack[StoppingOptions],
) -> TrainingLog:
    """Train a LightningModule and return the learning curve; the best weights are left in it.

    Early stopping, best weights and checkpoints are Lightning callbacks fed by ``validate``. What
    was set of Lightning for the run (``train.trainer``) overrides the arguments. The module has the
    weights that are best by the mean over the validation tasks, and
    ``group_networks.network_of_group`` gives the copy with those that are best for a group.

    Parameters
    ----------
    module
        Any module with ``training_step`` and ``configure_optimizers``; changed in place, and in
        evaluation mode afterwards, on the training device (on the CPU after training on several).
    data
        A ``DataLoader``, a ``LightningDataModule``, ``batches(epoch)``, an iterable of batches, or
        None where the module has a ``train_dataloader``. See ``loaders``: the order is seeded by
        (seed, epoch), and no batch is dropped on several devices.
    train
        For its seed, resources, progress and settings of Lightning.
    precision
        Lightning's name: ``32-true``, ``bf16-mixed``, ``bf16-true``.
    stopping
        The fields of ``schedule.Stopping``: ``max_steps`` or ``epochs`` (unless ``trainer`` sets
        another bound), ``validate``, ``patience_steps`` or ``patience``, ...

    Raises
    ------
    TrainingError
        When the loss is not finite.
    ColdbenchError
        For settings that Lightning does not take, in a sentence.
    """
    flags: dict[str, Any] = {"precision": precision, **train.trainer.flags}
    rules = bound_training(module, Stopping(**stopping), flags)
    resources = _overridden(train.resources, flags)
    log = TrainingLog(device=resources.device, devices=resources.devices, threads=resources.threads)
    with (
        seeded(train.seed, resources.threads),
        lightning_contained(train.seed),
        tempfile.TemporaryDirectory() as folder,
    ):
        handover = Path(folder)
        shares = Shares()
        callbacks = _callbacks(rules, log, train)
        best = next(one for one in callbacks if isinstance(one, BestWeights))
        callbacks.append(_HandOver(best, handover))
        if not isinstance(module, ManySteps):  # which weighs its batches itself
            callbacks.append(shares)
        last = _last_checkpoint(train.trainer, flags)
        flags = _for_module(module, data, flags)
        trainer = make_trainer(resources, train.trainer, flags, [*callbacks, *last])
        log.device, log.devices = _device(trainer, resources), trainer.world_size
        try:
            _run(trainer, module, data, train.seed, shares, last, handover)
            if is_forked(trainer):
                log.take(json.loads((handover / _LOG_FILE).read_text()))
                best.weights = torch.load(handover / _WEIGHTS_FILE, weights_only=True)
        finally:
            module.to(log.device if trainer.world_size == 1 else "cpu").eval()
            module.trainer = None  # type: ignore[assignment]
    _keep_groups(module, log, best)
    log.adequacy = judge_training(log, rules)
    return log


def bound_training(
    module: pl.LightningModule, stopping: Stopping, flags: dict[str, Any]
) -> Stopping:
    """Set the most epochs and steps among the trainer's flags; return them with the other rules.

    Raises
    ------
    ColdbenchError
        When nothing bounds the training.
    """
    epochs, max_steps = stopping.epochs, stopping.max_steps
    if flags.get("max_epochs") is not None:
        epochs, max_steps = flags["max_epochs"], None
    if flags.get("max_steps") is not None:
        max_steps = flags["max_steps"]
    if epochs is None and max_steps is None:
        raise ColdbenchError(
            f"nothing bounds the training of {type(module).__name__}: give it max_steps (or epochs)"
        )
    flags |= {
        "max_epochs": -1 if epochs is None else epochs,
        "max_steps": -1 if max_steps is None else max_steps,
    }
    return replace(
        stopping,
        epochs=None if epochs is None or epochs < 0 else epochs,
        max_steps=None if max_steps is None or max_steps < 0 else max_steps,
    )


def _keep_groups(module: pl.LightningModule, log: TrainingLog, best: BestWeights) -> None:
    """Leave the weights that are best for each group next to those of the mean."""
    groups = {group: at for group, at in log.kept.items() if at in best.weights}
    if not isinstance(module, ManySteps):
        keep_group_weights(module, groups, best.weights)
        return
    own = {
        at: {name.removeprefix("network."): tensor for name, tensor in state.items()}
        for at, state in best.weights.items()
    }
    keep_group_weights(module.network, groups, own)


def _callbacks(stopping: Stopping, log: TrainingLog, train: TrainView) -> list[Callback]:
    """Return the callbacks of every training, then those that were set for this one."""
    curve = LearningCurve(log, keeps_last=stopping.validate is None)
    validation = SplitValidation(stopping, log)
    found: list[Callback] = [
        GoOnAfterEpoch(),
        RankState(log.threads),
        curve,
        validation,
        TellProgress(train.progress, curve),
        BestWeights(validation, log),
    ]
    if train.trainer.report is not None:
        found.append(ReportValidations(train.trainer.report, validation, log))
    others = {name: dict(options) for name, options in train.trainer.callbacks.items()}
    early = others.get("EarlyStopping", {"monitor": MONITOR})
    if early.get("monitor", MONITOR) == MONITOR:
        others.pop("EarlyStopping", None)
        early.pop("monitor", None)
        if "EarlyStopping" in train.trainer.callbacks and stopping.validate is not None:
            found.append(StopByTheMean(validation, **early))
        elif stopping.early:
            found.append(StopWithoutGain(validation, log))
    return found + [make_part("callbacks", name, options) for name, options in others.items()]


def _last_checkpoint(settings: TrainerSettings, flags: dict[str, Any]) -> list[LastCheckpoint]:
    """Return the callback that lets the training go on later, where a folder is given for that."""
    wanted = flags.pop("enable_checkpointing", True)  # Lightning's own flag also forbids ours
    folder = settings.checkpoints
    if folder is None or not wanted:
        return []
    return [LastCheckpoint(folder.claim(), folder.every_minutes)]


def _overridden(resources: Resources, flags: dict[str, Any]) -> Resources:
    """Return the resources with the accelerator and the number of devices that were set."""
    if flags.get("accelerator") in _DEVICES:
        device = _DEVICES[flags.pop("accelerator")]
        if not resources.device.startswith(device):
            resources = replace(resources, device=device)
    if isinstance(flags.get("devices"), int) and flags["devices"] > 0:
        resources = replace(resources, devices=flags.pop("devices"))
    return resources


def _device(trainer: pl.Trainer, resources: Resources) -> str:
    kind = trainer.strategy.root_device.type
    return resources.device if resources.device.startswith(kind) else kind


def _for_module(module: pl.LightningModule, data: Any, flags: dict[str, Any]) -> dict[str, Any]:
    """Return the flags as this module and its data take them.

    Raises
    ------
    ColdbenchError
        When a module steps its optimiser itself and a flag is about that.
    """
    if isinstance(module, ManySteps):
        flags = module.take_flags(flags)
    elif not module.automatic_optimization:
        for name in _AUTOMATIC_ONLY:
            if flags.get(name) not in (None, 1):
                raise ColdbenchError(
                    f"{type(module).__name__} steps its optimiser itself (automatic_optimization "
                    f"is False), so trainer.{name}={flags[name]} changes nothing; do it in its "
                    f"training_step"
                )
    owners = [one for one in (data, module) if one is not None]
    validates = any(
        isinstance(one, (pl.LightningModule, pl.LightningDataModule))
        and is_overridden("val_dataloader", one)
        for one in owners
    )
    return flags if validates else {"limit_val_batches": 0} | flags


def _run(
    trainer: pl.Trainer,
    module: pl.LightningModule,
    data: Any,
    seed: int,
    shares: Shares,
    last: list[LastCheckpoint],
    handover: Path,
) -> None:
    """Fit, from the last checkpoint where there is one; leave the best weights in the module."""
    own = isinstance(module, ManySteps)
    loaders = None if own else training_data(module if data is None else data, seed, shares)
    resume = resumable(last[0].file, module) if last else None
    if is_forked(trainer):
        vars(trainer)["_default_root_dir"] = str(handover)  # the weights come back in a file there
    try:
        with ended_by_signals():
            trainer.fit(module, datamodule=loaders, ckpt_path=resume)
    except SystemExit as exit_:
        raise (KeyboardInterrupt() if trainer.interrupted else exit_) from None
    except MisconfigurationException as error:
        raise ColdbenchError(f"Lightning: {' '.join(str(error).split())}") from error


class _HandOver(Checkpoint):
    """Writes down log and weights of the groups for the process that has forked the ranks."""

    def __init__(self, best: BestWeights, folder: Path) -> None:
        self.best, self.folder = best, folder

    def on_fit_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Write them, once BestWeights has left those of the groups."""
        if trainer.global_rank == 0 and is_forked(trainer):
            (self.folder / _LOG_FILE).write_text(json.dumps(vars(self.best.training_log)))
            weights = {
                at: {name: tensor.cpu() for name, tensor in state.items()}
                for at, state in self.best.weights.items()
            }
            torch.save(weights, self.folder / _WEIGHTS_FILE)
