"""The batches that Heater learns from: observed and sampled pairs, and what stands for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from ....datasets.arrays import FloatArray, LongArray
from ....datasets.interactions import Interactions
from ....datasets.world import Entities
from ...training.histories import short_histories
from ...training.seeding import numpy_generator
from ..content_inputs import SideInputs, TrainingContent

if TYPE_CHECKING:
    from .network import HeaterBatch, TowerInputs


@dataclass
class HeaterTrainingSide:
    """The warm entities of one side, what is known of them, and the lots that pick from it.

    Attributes
    ----------
    warm
        The entities.
    inputs
        Pretrained factors, factors made of histories, and content.
    mapped
        Chance that the factor mapped from content stands for an entity in a pair.
    support
        Chance that otherwise the factor made of a part of the history does.
    longest
        Most history entries in it.
    """

    warm: Entities
    inputs: SideInputs
    mapped: float
    support: float
    longest: int

    def drawn(self, rng: np.random.Generator) -> FloatArray:
        """Return float32 (entities, d): an epoch's factors made of histories."""
        if not self.support:
            return self.inputs.preferences.own
        return self.inputs.preferences.transform(
            short_histories(self.warm.history, self.longest, rng)
        )

    def rows(
        self, of_pairs: LongArray, drawn: FloatArray, rng: np.random.Generator
    ) -> "TowerInputs":
        """Return what the network reads of the entities ``of_pairs``."""
        from .network import MAPPED, SUPPORT, TRUE

        at, positions = np.unique(of_pairs, return_inverse=True)
        other = np.where(rng.random(len(of_pairs)) < self.support, SUPPORT, TRUE)
        source = np.where(rng.random(len(of_pairs)) < self.mapped, MAPPED, other)
        return (
            torch.from_numpy(self.inputs.preferences.own[at]),
            torch.from_numpy(drawn[at]),
            torch.from_numpy(self.content(at)),
            torch.from_numpy(positions),
            torch.from_numpy(source[:, None]),
        )

    @cached_property
    def content(self) -> TrainingContent:
        """The entities' content by their positions."""
        return TrainingContent(self.warm.features, self.inputs.content)


@dataclass
class HeaterBatches:
    """Each observed pair once in an epoch, and for each ``negatives`` random training items.

    Attributes
    ----------
    interactions
        The observed pairs.
    users, items
        The training sides.
    negatives
        Sampled pairs per observed one.
    size
        Pairs in a batch, at least.
    seed
        Decides order, items and what stands for whom, together with the epoch.
    """

    interactions: Interactions
    users: HeaterTrainingSide
    items: HeaterTrainingSide
    negatives: int
    size: int
    seed: int

    def __call__(self, epoch: int) -> "Iterator[HeaterBatch]":
        """Yield the batches of one epoch."""
        rng = numpy_generator(self.seed, epoch)
        drawn = self.users.drawn(rng), self.items.drawn(rng)
        users, items, targets = self.pairs(rng)
        order = rng.permutation(len(users))
        # Never a smaller last batch: batch normalisation cannot use a single row.
        for at in np.array_split(order, self.steps):
            yield (
                self.users.rows(users[at], drawn[0], rng),
                self.items.rows(items[at], drawn[1], rng),
                torch.from_numpy(targets[at]),
            )

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return max(1, len(self.interactions.users) * (1 + self.negatives) // self.size)

    def pairs(self, rng: np.random.Generator) -> tuple[LongArray, LongArray, FloatArray]:
        """Return users, items and targets of an epoch, observed pairs first."""
        seen = self.interactions
        users = np.tile(seen.users, 1 + self.negatives).astype(np.int64)
        lot = rng.integers(0, seen.n_items, len(seen.users) * self.negatives)
        targets = np.zeros(len(users), dtype=np.float32)
        targets[: len(seen.users)] = 1
        return users, np.concatenate((seen.items, lot)), targets
