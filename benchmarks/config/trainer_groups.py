"""The groups ``trainer=``, ``callbacks=`` and ``logger=``: whatever can be set of Lightning.

They are read by methods that train with Lightning; of any other method they change nothing.
"""

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ...datasets.errors import ColdbenchError
from ...datasets.parameters import parameter
from ..plugins.registry import describe_unknown, describe_unknown_field

_ACCELERATORS = {"cpu": "cpu", "gpu": "cuda", "cuda": "cuda", "mps": "mps"}
"""Accelerators of Lightning that ``device`` says as well."""


@dataclass
class TrainerFlags:
    """Every flag of Lightning's Trainer that can be typed; None leaves it to the method."""

    accelerator: str | None = parameter(None, "cpu, gpu, mps, auto; overrides device")
    strategy: str | None = parameter(None, "auto, ddp, ddp_fork, fsdp, ...")
    devices: Any = parameter(None, "how many, or which; overrides devices")
    num_nodes: int | None = parameter(None, "machines", minimum=1)
    precision: str | None = parameter(None, "32-true, bf16-mixed, bf16-true, 16-mixed, 64-true")
    fast_dev_run: Any = parameter(None, "true or a number: so many batches, to try the code")
    max_epochs: int | None = parameter(None, "instead of the method's own epochs", minimum=-1)
    min_epochs: int | None = parameter(None, "no earlier stop", minimum=0)
    max_steps: int | None = parameter(None, "most optimiser steps", minimum=-1)
    min_steps: int | None = parameter(None, "no earlier stop", minimum=0)
    max_time: Any = parameter(None, "days:hours:minutes:seconds of training")
    limit_train_batches: Any = parameter(None, "a number or share of an epoch's batches")
    limit_val_batches: Any = parameter(None, "of a module's own validation loader")
    limit_test_batches: Any = parameter(None, "of a module's own test loader")
    limit_predict_batches: Any = parameter(None, "of a module's own prediction loader")
    overfit_batches: Any = parameter(None, "train on so many batches again and again")
    val_check_interval: Any = parameter(None, "how often a module's own validation loader is read")
    check_val_every_n_epoch: int | None = parameter(None, "the same, in epochs")
    num_sanity_val_steps: int | None = parameter(None, "batches of it before the training")
    log_every_n_steps: int | None = parameter(None, "how often a step's metrics are logged")
    enable_checkpointing: bool | None = parameter(None, "false: a killed training begins anew")
    enable_progress_bar: bool | None = parameter(None, "Lightning's own bar")
    enable_model_summary: bool | None = parameter(None, "print the layers")
    accumulate_grad_batches: int | None = parameter(None, "batches in a step", minimum=1)
    gradient_clip_val: float | None = parameter(None, "largest gradient", minimum=0)
    gradient_clip_algorithm: str | None = parameter(None, "norm or value")
    deterministic: Any = parameter(None, "true, false or warn")
    benchmark: bool | None = parameter(None, "let cuDNN choose its kernels by measuring")
    inference_mode: bool | None = parameter(None, "for a module's own validation loader")
    use_distributed_sampler: bool | None = parameter(None, "Lightning's, which repeats examples")
    profiler: str | None = parameter(None, "simple, advanced, pytorch")
    detect_anomaly: bool | None = parameter(None, "look for NaN in every gradient")
    barebones: bool | None = parameter(None, "nothing but the bare loop")
    plugins: Any = parameter(None, "of Lightning, by name")
    sync_batchnorm: bool | None = parameter(None, "one batch normalisation over all devices")
    reload_dataloaders_every_n_epochs: int | None = parameter(None, "ask for the loader again")
    default_root_dir: str | None = parameter(None, "folder of what callbacks and profilers write")
    enable_autolog_hparams: bool | None = parameter(None, "log a module's hyper-parameters")
    model_registry: str | None = parameter(None, "of Lightning's own cloud")


@dataclass
class CheckpointSettings:
    """How a training is kept until its record is written, so that it can go on when killed."""

    every_minutes: float = parameter(
        0.0, "least time between two checkpoints; 0: after every epoch", minimum=0
    )


def resolve_trainer(run: Any) -> None:
    """Let a run's trainer settings override device and devices, and refuse unknown names.

    Nothing of Lightning is imported for a run without callbacks and loggers.

    Raises
    ------
    ColdbenchError
        For a callback or logger that Lightning does not have, or an argument it does not take.
    """
    flags = run.trainer
    if flags.accelerator in _ACCELERATORS:
        device, flags.accelerator = _ACCELERATORS[flags.accelerator], None
        if not run.device.startswith(device):
            run.device = device
    if isinstance(flags.devices, int) and flags.devices > 0:
        run.devices, flags.devices = flags.devices, None
    lightning_classes("callbacks", run.callbacks)
    lightning_classes("logger", run.logger)


def trainer_departures(run: Any) -> dict[str, dict[str, Any]]:
    """Return what a run sets of the trainer and its callbacks; groups left alone are absent."""
    flags = {one.name: getattr(run.trainer, one.name) for one in fields(run.trainer)}
    found = {
        "trainer": {name: value for name, value in flags.items() if value is not None},
        "callbacks": {name: dict(options or {}) for name, options in run.callbacks.items()},
    }
    return {group: chosen for group, chosen in found.items() if chosen}


def lightning_classes(
    group: str, chosen: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, dict[str, Any]]:
    """Return the arguments of callbacks or loggers by the names of their classes in Lightning.

    Parameters
    ----------
    group
        ``callbacks`` or ``logger``.
    chosen
        By what is typed: ``early_stopping``, ``csv``.

    Raises
    ------
    ColdbenchError
        For one that Lightning does not have, or an argument it does not take.
    """
    if not chosen:
        return {}
    import pytorch_lightning

    module = getattr(pytorch_lightning, {"logger": "loggers"}.get(group, group))
    known = {_typed(name): getattr(module, name) for name in module.__all__}
    found = {}
    for name, options in chosen.items():
        if name not in known:
            raise ColdbenchError(describe_unknown(group.removesuffix("s"), name, known))
        takes = inspect.signature(known[name]).parameters
        for key in options or {}:
            if key not in takes and not any(one.kind is one.VAR_KEYWORD for one in takes.values()):
                place = f"{group}.{name}."
                raise ColdbenchError(
                    describe_unknown_field(known[name].__name__, place, key, takes)
                )
        found[known[name].__name__] = dict(options or {})
    return found


def _typed(name: str) -> str:
    """Return what is typed for a class: ``EarlyStopping`` is early_stopping, ``CSVLogger`` csv."""
    if name.endswith("Logger") and name != "Logger":
        return name.removesuffix("Logger").lower()
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
