"""What training through Lightning costs over the same loop written by hand."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

BATCH = 2048
DIM = 64
USERS, ITEMS = 6_000, 4_000
PAIRS = 200 * BATCH


def measure_training(repeats: int = 5, pairs: int = PAIRS) -> dict[str, float]:
    """Return seconds an epoch (the best of ``repeats``) and ratios to the bare loop.

    All fit the same matrix factorisation (BPR loss, dense Adam, one thread) on the same batches of
    2,048 triples in memory, in turn, so that a disturbance affects all alike: a bare loop,
    ``fit_module`` as methods use it, ``fit_module`` with one batch a step, and Lightning as its
    users call it: a module with automatic optimisation in a bare ``Trainer``. The time to set up
    a trainer is measured with an empty epoch and left out; it is reported separately.

    Parameters
    ----------
    repeats
        How often each is measured.
    pairs
        Triples in an epoch.

    Returns
    -------
    dict
        Seconds ``bare``, ``lightning``, ``lightning_one_batch``, ``plain_lightning``, ``set_up``;
        the ratios ``lightning_over_bare``, ``lightning_over_plain`` and ``one_batch_over_bare``;
        ``pairs_per_second`` of ``lightning``.
    """
    ways: dict[str, Callable[[int], None]] = {
        "bare": _bare,
        "lightning": lambda n: _lightning(n, 16),
        "lightning_one_batch": lambda n: _lightning(n, 1),
        "plain_lightning": _plain_lightning,
    }
    set_ups = {"set_up": ways["lightning"], "plain_set_up": _plain_lightning}
    seconds = {name: float("inf") for name in (*ways, *set_ups)}
    for way in ways.values():
        way(BATCH)
    for _ in range(repeats):
        for name, way in set_ups.items():
            seconds[name] = min(seconds[name], _seconds(way, 1))
        for name, way in ways.items():
            seconds[name] = min(seconds[name], _seconds(way, pairs))
    for name in ("lightning", "lightning_one_batch"):
        seconds[name] -= seconds["set_up"]
    seconds["plain_lightning"] -= seconds.pop("plain_set_up")
    return {
        **seconds,
        "lightning_over_bare": seconds["lightning"] / seconds["bare"],
        "lightning_over_plain": seconds["lightning"] / seconds["plain_lightning"],
        "one_batch_over_bare": seconds["lightning_one_batch"] / seconds["bare"],
        "pairs_per_second": pairs / seconds["lightning"],
    }


def _seconds(way: Callable[[int], None], pairs: int) -> float:
    start = time.perf_counter()
    way(pairs)
    return time.perf_counter() - start


def _bare(pairs: int) -> None:
    import torch

    from ...methods.training.seeding import seeded

    with seeded(0, threads=1):
        network = _network()
        optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
        for batch in _batches(pairs):
            optimiser.zero_grad(set_to_none=True)
            network.loss(batch).backward()
            optimiser.step()


def _lightning(pairs: int, batches_per_step: int) -> None:
    import torch

    from ...methods.training.fitting import fit_module
    from ...methods.training.seeding import seeded

    with seeded(0):
        network = _network()
    fit_module(
        network,
        lambda epoch: _batches(pairs),
        _View(),  # type: ignore[arg-type]
        optimiser=lambda weights: torch.optim.Adam(weights, lr=0.01),
        epochs=1,
        batches_per_step=batches_per_step,
    )


def _plain_lightning(pairs: int) -> None:
    """Train as a Lightning user would, outside of this package."""
    import pytorch_lightning as pl
    import torch

    from ...methods.training.process import lightning_contained
    from ...methods.training.seeding import seeded

    class Plain(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = _network()

        def training_step(self, batch: Any, index: int) -> torch.Tensor:
            loss: torch.Tensor = self.network.loss(batch)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), lr=0.01)

    with seeded(0, threads=1), lightning_contained(0):
        trainer = pl.Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(Plain(), train_dataloaders=_Epoch(pairs))


class _Epoch:
    """The batches, as often as they are asked for."""

    def __init__(self, pairs: int) -> None:
        self.pairs = pairs

    def __iter__(self) -> Iterator[Any]:
        return _batches(self.pairs)


class _View:
    """As much of a training view as training examines."""

    def __init__(self) -> None:
        from ...datasets.progress import ignore_progress
        from ...datasets.training import TrainerSettings
        from ...datasets.world import Resources

        self.seed, self.resources = 0, Resources(threads=1)
        self.progress, self.trainer = ignore_progress, TrainerSettings()


def _batches(pairs: int) -> Iterator[Any]:
    import torch

    rng = np.random.default_rng(0)
    triples = [rng.integers(0, n, pairs) for n in (USERS, ITEMS, ITEMS)]
    users, chosen, other = (torch.from_numpy(column) for column in triples)
    for at in range(0, pairs, BATCH):
        rows = slice(at, at + BATCH)
        yield users[rows], chosen[rows], other[rows]


def _network() -> Any:
    import torch
    from torch import nn

    class Factors(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.users, self.items = nn.Embedding(USERS, DIM), nn.Embedding(ITEMS, DIM)

        def loss(self, batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> torch.Tensor:
            users, chosen, other = batch
            gap = (self.users(users) * (self.items(chosen) - self.items(other))).sum(dim=1)
            return -nn.functional.logsigmoid(gap).mean()

    return Factors()
