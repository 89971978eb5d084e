"""Lightning's trainer for the hardware of a run and whatever was set for it."""

import os
from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.profilers import AdvancedProfiler, PyTorchProfiler, SimpleProfiler

from ...datasets.errors import ColdbenchError
from ...datasets.training import TrainerSettings
from ...datasets.world import Resources
from .checkpoints import AtomicIO

PROFILES = "training_logs"
"""Where profilers write unless ``trainer.default_root_dir`` is set."""
_LAUNCHED = ("LOCAL_RANK", "SLURM_PROCID")
"""Set where ``torchrun`` or Slurm has started a process for each rank."""
_SHARDED = ("fsdp", "deepspeed", "model_parallel")


def make_trainer(
    resources: Resources,
    settings: TrainerSettings,
    flags: dict[str, Any],
    callbacks: Sequence[Callback],
) -> pl.Trainer:
    """Return a trainer that writes nothing unless it was set to.

    Parameters
    ----------
    resources
        Device and number of devices, unless the flags name others.
    settings
        Loggers of the run.
    flags
        Arguments of ``Trainer``; they override everything here.
    callbacks
        In the order in which they are called.

    Raises
    ------
    ColdbenchError
        For a device that does not exist, and for settings that Lightning does not take together.
    """
    chosen = _hardware(resources, flags) | {
        "logger": [make_part("loggers", name, one) for name, one in settings.loggers.items()]
        or False,
        "enable_model_summary": False,
        "enable_progress_bar": False,
        "num_sanity_val_steps": 0,
        "use_distributed_sampler": False,
        "inference_mode": False,
    }
    flags = flags | _profiler(flags)
    plugins = [*chosen.pop("plugins"), *_listed(flags.get("plugins"))]
    try:
        return pl.Trainer(
            **(chosen | flags | {"callbacks": list(callbacks), "plugins": plugins or None})
        )
    except (MisconfigurationException, ValueError, TypeError) as error:
        told = " ".join(str(error).split())
        raise ColdbenchError(
            f"Lightning's Trainer does not take trainer={flags}: {told}"
        ) from error


def make_part(kind: str, name: str, options: Any) -> Any:
    """Return a callback or logger of Lightning by the name of its class.

    Raises
    ------
    ColdbenchError
        When its library is missing, or an argument is not taken.
    """
    try:
        return getattr(getattr(pl, kind), name)(**options)
    except (ImportError, TypeError, ValueError, MisconfigurationException) as error:
        told = " ".join(str(error).split())
        raise ColdbenchError(f"{name} of Lightning cannot be made: {told}") from error


def _profiler(flags: dict[str, Any]) -> dict[str, Any]:
    """Return a profiler that was set by name, writing to a file: Lightning prints nothing here."""
    kinds = {
        "simple": SimpleProfiler,
        "advanced": AdvancedProfiler,
        "pytorch": PyTorchProfiler,
    }
    name = flags.get("profiler")
    if name not in kinds:
        return {}
    return {"profiler": kinds[name](flags.get("default_root_dir") or PROFILES, "profile")}


def is_forked(trainer: pl.Trainer) -> bool:
    """Say whether the ranks are forked by this process, which then gets weights and log back."""
    return type(trainer.strategy.launcher).__name__ == "_MultiProcessingLauncher"


def _hardware(resources: Resources, flags: dict[str, Any]) -> dict[str, Any]:
    """Return accelerator, devices, strategy and plugins for a device by its name."""
    kind, _, index = resources.device.partition(":")
    if kind not in ("cpu", "cuda", "mps"):
        raise ColdbenchError(
            f"unknown device {resources.device!r}; use cpu, cuda, cuda:<number> or mps"
        )
    several = resources.devices > 1 or flags.get("num_nodes", 1) > 1
    strategy = str(flags.get("strategy", "auto"))
    sharded = strategy.startswith(_SHARDED)
    if several and sharded and not any(name in os.environ for name in _LAUNCHED):
        raise ColdbenchError(
            f"trainer.strategy={strategy} on {resources.devices} devices needs a process for each: "
            f"start it as torchrun --nproc_per_node={resources.devices} -m coldbench run ..."
        )
    if several and strategy in ("auto", "ddp"):
        flags["strategy"] = _ddp()
    plugins: list[Any] = [] if several else [LightningEnvironment()]
    return {
        "accelerator": kind,
        "devices": [int(index)] if index and not several else resources.devices,
        "plugins": plugins if sharded else [*plugins, AtomicIO()],
    }


def _ddp() -> str:
    """Return how ranks are started: forked here, unless something else has started them.

    Lightning's own way, to run the command again, would run a whole sweep again.
    """
    return "ddp" if any(name in os.environ for name in _LAUNCHED) else "ddp_fork"


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]
