"""The batches that Heater learns from: observed and sampled pairs, and what stands for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ....datasets.arrays import FloatArray, LongArray
from ....datasets.interactions import Interactions
from ...training.seeding import numpy_generator
from ..training_sides import TrainingSide

if TYPE_CHECKING:
    from .network import HeaterBatch, TowerInputs


@dataclass
class HeaterTrainingSide(TrainingSide):
    """The warm entities of one side, and how often another factor stands for the pretrained one.

    Attributes
    ----------
    mapped
        Probability that the factor mapped from content stands for an entity in a pair.
    support
        Probability that otherwise the factor made of a part of the history does.
    longest
        Most history entries in it.
    """

    mapped: float
    support: float
    longest: int

    def draw_support(self, rng: np.random.Generator) -> FloatArray:
        """Return float32 (entities, d): an epoch's factors made of histories."""
        if not self.support:
            return self.inputs.preferences.own
        return self.draw_history_factors(self.longest, rng)

    def draw_inputs(
        self, of_pairs: LongArray, support: FloatArray, rng: np.random.Generator
    ) -> "TowerInputs":
        """Return what the tower reads of the entities ``of_pairs``."""
        from .network import MAPPED, SUPPORT, TRUE

        # Each entity of the batch goes through the experts once, however many pairs it is in.
        at, positions = np.unique(of_pairs, return_inverse=True)
        # Randomised training: drawn per pair, so that one batch holds the same entity
        # as warm and as cold, and the top net cannot tell the two apart.
        other = np.where(rng.random(len(of_pairs)) < self.support, SUPPORT, TRUE)
        source = np.where(rng.random(len(of_pairs)) < self.mapped, MAPPED, other)
        return (
            torch.from_numpy(self.inputs.preferences.own[at]),
            torch.from_numpy(support[at]),
            torch.from_numpy(self.content(at)),
            torch.from_numpy(positions),
            torch.from_numpy(source[:, None]),
        )


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
        user_support, item_support = self.users.draw_support(rng), self.items.draw_support(rng)
        users, items, targets = self.pairs(rng)
        order = rng.permutation(len(users))
        # Never a smaller last batch: batch normalisation cannot use a single row.
        for at in np.array_split(order, self.steps):
            yield (
                self.users.draw_inputs(users[at], user_support, rng),
                self.items.draw_inputs(items[at], item_support, rng),
                torch.from_numpy(targets[at]),
            )

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return max(1, len(self.interactions.users) * (1 + self.negatives) // self.size)

    def chance_loss(self, similarity: float) -> float:
        """Return the mean loss of networks that know nothing, the weights' norm left out.

        They give every pair the mean target, and maps give every entity 0.
        """
        observed = 1 / (1 + self.negatives)
        # The variance of a target that is 1 with probability ``observed``, and for each pair of a
        # batch the squared length of both pretrained factors, which maps of 0 leave whole.
        size = len(self.interactions.users) * (1 + self.negatives) / self.steps
        seen, sides = self.interactions, 0.0
        counts = np.bincount(seen.items, minlength=seen.n_items) / len(seen.items)
        shown = observed * counts + (1 - observed) / seen.n_items
        for side, weights in (
            (self.users, np.bincount(seen.users, minlength=seen.n_users) / len(seen.users)),
            (self.items, shown),
        ):
            if side.mapped:
                own = np.clip(side.inputs.preferences.own, -1, 1)  # a map ends in tanh
                sides += float(weights @ np.square(own, dtype=np.float64).sum(axis=1))
        return observed * (1 - observed) + similarity * size * sides

    def pairs(self, rng: np.random.Generator) -> tuple[LongArray, LongArray, FloatArray]:
        """Return users, items and targets of an epoch, observed pairs first."""
        seen = self.interactions
        users = np.tile(seen.users, 1 + self.negatives).astype(np.int64)
        # Uniform over all items: a sampled one may be among those that the user has taken.
        sampled = rng.integers(0, seen.n_items, len(seen.users) * self.negatives)
        targets = np.zeros(len(users), dtype=np.float32)
        targets[: len(seen.users)] = 1
        return users, np.concatenate((seen.items, sampled)), targets
