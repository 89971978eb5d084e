"""Any training data as Lightning takes it: the same again for (seed, epoch), dealt to all ranks.

A loader that shuffles draws its order from torch's global generator, so a training that goes on
from a checkpoint, or another number of workers, would see another order. Here its generator is
seeded by (seed, epoch) whenever an epoch begins. Batches are dealt to several ranks as ``rounds``
says; a loader over a map-style dataset reads only its own rank's examples.
"""

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.utilities import CombinedLoader
from torch.utils.data import DataLoader, IterableDataset
from torch.utils.data.distributed import DistributedSampler

from ...datasets.errors import ColdbenchError
from .rounds import deal, epoch_of
from .seeding import torch_generator


def training_data(data: Any, seed: int, shares: "Shares") -> pl.LightningDataModule:
    """Return training data as a data module whose batches are seeded and dealt.

    Parameters
    ----------
    data
        A ``DataLoader`` (also several, in a dict, list or ``CombinedLoader``), a
        ``LightningDataModule``, a function ``batches(epoch)``, any other iterable of batches, or a
        module with a ``train_dataloader`` of its own.
    seed
        Decides the order of a shuffling loader, together with the epoch.
    shares
        Remembers the weight of each batch.
    """
    if isinstance(data, pl.LightningDataModule):
        made = copy.copy(data)
        inner = data.train_dataloader
    else:
        made = pl.LightningDataModule()
        inner = data.train_dataloader if isinstance(data, pl.LightningModule) else lambda: data

    def train_dataloader() -> Any:
        assert made.trainer is not None
        return _prepared(inner(), seed, shares, made.trainer)

    vars(made)["train_dataloader"] = train_dataloader
    return made


class Shares(Callback):
    """Weighs the loss of a batch by the batches of its round, before Lightning goes backward."""

    def __init__(self) -> None:
        self._weights: dict[int, float] = {}
        self._now = 1.0

    def deal(self, batches: Iterable[Any], trainer: pl.Trainer) -> Iterator[Any]:
        """Yield this rank's batches and remember the weights that are not 1."""
        self._weights.clear()
        dealt = deal(batches, trainer.global_rank, trainer.world_size)
        for at, (batch, weight) in enumerate(dealt):
            if weight != 1:
                self._weights[at] = weight
            yield batch

    def on_train_batch_start(
        self, trainer: pl.Trainer, module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Look up the weight of the batch that comes."""
        self._now = self._weights.get(batch_idx, 1.0)

    def on_before_backward(
        self, trainer: pl.Trainer, module: pl.LightningModule, loss: torch.Tensor
    ) -> None:
        """Scale the gradient of the loss; the loss that is logged stays as it is."""
        if self._now != 1 and loss.requires_grad:
            weight = self._now
            loss.register_hook(lambda gradient: gradient * weight)  # type: ignore[no-untyped-call]


def _prepared(loader: Any, seed: int, shares: Shares, trainer: pl.Trainer) -> Any:
    """Return a loader, or several in their container, seeded and dealt."""
    if isinstance(loader, CombinedLoader):
        loader.flattened = [_prepared(one, seed, shares, trainer) for one in loader.flattened]
        _refuse_several(loader.flattened, trainer)
        return loader
    if isinstance(loader, Mapping):
        _refuse_several(loader.values(), trainer)
        return {key: _prepared(one, seed, shares, trainer) for key, one in loader.items()}
    if isinstance(loader, (list, tuple)) and any(isinstance(one, DataLoader) for one in loader):
        _refuse_several(loader, trainer)
        return [_prepared(one, seed, shares, trainer) for one in loader]
    if _is_map_style(loader):
        return _seeded(loader, seed, shares, trainer)
    if callable(loader):
        return _Dealt(loader, shares, trainer)
    if trainer.world_size == 1:
        return loader
    return _Dealt(lambda epoch: loader, shares, trainer)


def _is_map_style(loader: Any) -> bool:
    return (
        isinstance(loader, DataLoader)
        and not isinstance(loader.dataset, IterableDataset)
        and loader.batch_sampler is not None
        and not isinstance(loader.sampler, DistributedSampler)
    )


def _refuse_several(loaders: Iterable[Any], trainer: pl.Trainer) -> None:
    if trainer.world_size > 1 and len(list(loaders)) > 1:
        raise ColdbenchError(
            "several loaders side by side cannot be dealt to several devices; give each a "
            "DistributedSampler and set trainer.use_distributed_sampler=true, or use devices=1"
        )


def _seeded(loader: Any, seed: int, shares: Shares, trainer: pl.Trainer) -> Any:
    """Return a copy of a loader whose order, and whose workers' seeds, (seed, epoch) decides."""
    made = copy.copy(loader)
    generator = torch.Generator()
    # DataLoader refuses to have its sampler set; a copy of its attributes is what it would make.
    vars(made)["generator"] = generator
    vars(made)["batch_sampler"] = _EpochSampler(
        loader.batch_sampler, generator, seed, shares, trainer
    )
    return made


class _EpochSampler:
    """The index batches of this rank, in an order that depends on (seed, epoch) alone."""

    def __init__(
        self,
        batches: Any,
        generator: torch.Generator,
        seed: int,
        shares: Shares,
        trainer: pl.Trainer,
    ) -> None:
        self.batches, self.generator, self.seed = batches, generator, seed
        self.shares, self.trainer = shares, trainer
        self.batch_size = getattr(batches, "batch_size", None)

    def __iter__(self) -> Iterator[Any]:
        epoch = epoch_of(self.trainer)
        state = torch_generator(self.seed, epoch).get_state()
        self.generator.set_state(state)
        sampler = getattr(self.batches, "sampler", self.batches)
        if hasattr(sampler, "generator"):
            sampler.generator = torch.Generator()
            sampler.generator.set_state(state)
        if hasattr(sampler, "set_epoch"):
            sampler.set_epoch(epoch)
        return self.shares.deal(self.batches, self.trainer)

    def __len__(self) -> int:
        return math.ceil(len(self.batches) / self.trainer.world_size)


class _Dealt:
    """The share of this rank in batches that every rank makes in the same order."""

    def __init__(
        self, batches: Callable[[int], Iterable[Any]], shares: Shares, trainer: pl.Trainer
    ) -> None:
        self.batches, self.shares, self.trainer = batches, shares, trainer

    def __iter__(self) -> Iterator[Any]:
        return self.shares.deal(self.batches(epoch_of(self.trainer)), self.trainer)
