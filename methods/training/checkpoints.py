"""A training that goes on after its process was killed, equal to the last bit on one CPU thread.

At the end of an epoch everything that decides the rest is written to one file: weights, optimiser,
Lightning's counters and callbacks (learning curve, patience, best weights), and the global random
generators of every rank. The data of an epoch depends on (seed, epoch) alone, see ``loaders``.
"""

import logging
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from lightning_fabric.plugins import TorchCheckpointIO
from pytorch_lightning.callbacks import Callback, ModelCheckpoint

from ...datasets.atomic import replace_atomically

_FOREIGN = ("hyper_parameters", "hparams_name", "datamodule_hyper_parameters", "hparams_type")
"""Of a checkpoint, what may hold any object; a training that goes on has its module already."""


class LastCheckpoint(ModelCheckpoint):
    """Lightning's checkpoint of the last epoch, one file that is replaced.

    Parameters
    ----------
    path
        The file without its ending.
    every_minutes
        Least time between two of them; 0 writes one after every epoch.
    """

    def __init__(self, path: Path, every_minutes: float) -> None:
        super().__init__(
            dirpath=path.parent,
            filename=path.name,
            save_top_k=1,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )
        self.file = path.with_name(path.name + self.FILE_EXTENSION)
        self.every_seconds = 60 * every_minutes
        self._saved = time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Write the file when it is due."""
        due = time.monotonic() - self._saved >= self.every_seconds
        if trainer.strategy.broadcast(due):
            super().on_train_epoch_end(trainer, module)
            self._saved = time.monotonic()


class AtomicIO(TorchCheckpointIO):
    """Writes a checkpoint atomically, and runs no code when it reads one."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None
    ) -> None:
        """Write to a temporary file next to ``path`` and move it there."""
        kept = {name: part for name, part in checkpoint.items() if name not in _FOREIGN}
        try:
            with replace_atomically(Path(path), durable=False) as file:
                torch.save(kept, file)
        except OSError as error:  # a full disk costs the checkpoint, not the training
            logging.getLogger(__name__).warning("no checkpoint could be written: %s", error)

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Return tensors and plain values; a pickle of anything else is refused."""
        loaded: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return loaded


class GoOnAfterEpoch(Callback):
    """Lets a training that is bound by steps go on with the next epoch, as one bound by epochs.

    Lightning takes every checkpoint of a training with ``max_steps`` for one from within an epoch:
    it would end that epoch a second time, and its callbacks would not be told of the next one. So
    the bound is taken away while the loops are restored. Must come before all other callbacks.
    """

    def __init__(self) -> None:
        self._resumed, self._most = False, -1

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Remember that there is a checkpoint."""
        self._resumed = True

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the bound away: the loops are restored next."""
        if self._resumed:
            self._most = trainer.fit_loop.epoch_loop.max_steps
            trainer.fit_loop.epoch_loop.max_steps = -1

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put it back."""
        if self._resumed:
            trainer.fit_loop.epoch_loop.max_steps = self._most


class RankState(Callback):
    """Threads and random generators of each rank, as they were when a checkpoint was written.

    Every rank of a new training draws its own numbers: dropout is not the same on all.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._states: list[dict[str, Any]] = []

    def on_fit_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Seed this rank, or put its generators where they were."""
        torch.set_num_threads(self.threads)
        if len(self._states) == trainer.world_size:
            _set_random_state(self._states[trainer.global_rank])
        else:
            torch.manual_seed(torch.initial_seed() + trainer.global_rank)

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Remember how many ranks there are."""
        self._ranks = trainer.world_size

    def state_dict(self) -> dict[str, Any]:
        """Return the generators' states of all ranks; every rank must call it."""
        states: list[Any] = [_random_state()]
        if self._ranks > 1:
            mine, states = states[0], [None] * self._ranks
            torch.distributed.all_gather_object(states, mine)
        return {"random": states}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep them until the fit begins."""
        self._states = state_dict["random"]


def resumable(file: Path, module: pl.LightningModule) -> Path | None:
    """Return the checkpoint to go on from, None where there is none that fits the module."""
    if not file.exists():
        return None
    try:
        found = torch.load(file, map_location="meta", weights_only=True)["state_dict"]
        mine = {name: t.shape for name, t in module.state_dict().items()}
        differing = [name for name, t in found.items() if mine.get(name) != t.shape]
        problem = f"it is of another network ({differing[0]})" if differing and mine else ""
    except Exception as error:  # a damaged file may fail in any way
        problem = " ".join(str(error).split())
    if not problem:
        return file
    logging.getLogger(__name__).warning("%s is left aside: %s", file.name, problem)
    return None


def _random_state() -> dict[str, Any]:
    """Return the states of the global generators as tensors and plain values."""
    name, keys, *place = np.random.get_state()  # noqa: NPY002
    state: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "numpy": [name, torch.from_numpy(np.asarray(keys).astype(np.int64)), *place],
        "python": list(random.getstate()),
    }
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def _set_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    name, keys, *place = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *place))  # noqa: NPY002
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    if "cuda" in state and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.set_rng_state_all(state["cuda"])
