"""The batches that DropoutNet learns from: the teacher's scores of sampled user-item pairs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from ....datasets.arrays import FloatArray, LongArray
from ....datasets.world import Entities
from ...training.histories import short_histories
from ...training.seeding import numpy_generator
from ..content_inputs import SideInputs, TrainingContent

if TYPE_CHECKING:
    from .network import DropoutNetBatch


@dataclass
class InputDropout:
    """How often a preference input is hidden or replaced while training.

    Attributes
    ----------
    dropout
        Chance of a zero input.
    transform
        Chance of the mean factor of a part of the history.
    support
        Most history entries in such a mean; 0 takes them all.
    """

    dropout: float
    transform: float
    support: int


@dataclass
class TrainingSide:
    """The warm entities of one side and their inputs."""

    warm: Entities
    inputs: SideInputs

    def drawn(self, rule: InputDropout, rng: np.random.Generator) -> FloatArray:
        """Return float32 (entities, d): an epoch's transformed preference inputs."""
        history = self.warm.history
        if rule.support:
            history = short_histories(history, rule.support, rng)
        return self.inputs.preferences.transform(history)

    def rows(
        self, at: LongArray, drawn: FloatArray, rule: InputDropout, rng: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (preference, content) of some entities, each left, hidden or transformed."""
        lot = rng.random(len(at))
        hidden = lot < rule.dropout
        changed = ~hidden & (lot < rule.dropout + rule.transform)
        preference = self.inputs.preferences.own[at]
        preference[hidden] = 0
        preference[changed] = drawn[at[changed]]
        return torch.from_numpy(preference), torch.from_numpy(self.content(at))

    @cached_property
    def content(self) -> TrainingContent:
        """The entities' content by their positions."""
        return TrainingContent(self.warm.features, self.inputs.content)


@dataclass
class ScorePairBatches:
    """For each user its best items by the teacher, and as many at random.

    Attributes
    ----------
    users, items
        The training sides.
    user_factors, item_factors
        float32: the teacher's factors, as they are.
    rule
        Input dropout.
    size
        Users in a batch.
    pairs
        Items per user of each kind.
    seed
        Decides users, items and dropout, together with the epoch.
    """

    users: TrainingSide
    items: TrainingSide
    user_factors: FloatArray
    item_factors: FloatArray
    rule: InputDropout
    size: int
    pairs: int
    seed: int

    def __call__(self, epoch: int) -> "Iterator[DropoutNetBatch]":
        """Yield the batches of one epoch."""
        rng = numpy_generator(self.seed, epoch)
        drawn = self.users.drawn(self.rule, rng), self.items.drawn(self.rule, rng)
        n_users = len(self.user_factors)
        # Never a smaller last batch: batch normalisation cannot use a single row.
        for at in np.array_split(rng.permutation(n_users), max(1, n_users // self.size)):
            chosen, targets = self._choose(at, rng)
            items, positions = np.unique(chosen, return_inverse=True)
            yield (
                self.users.rows(at, drawn[0], self.rule, rng),
                self.items.rows(items, drawn[1], self.rule, rng),
                torch.from_numpy(positions.reshape(chosen.shape)),
                torch.from_numpy(targets),
            )

    def _choose(self, at: LongArray, rng: np.random.Generator) -> tuple[LongArray, FloatArray]:
        """Return int64 items and float32 teacher's scores, both (users, pairs)."""
        scores = self.user_factors[at] @ self.item_factors.T
        n_items = scores.shape[1]
        best = min(self.pairs, n_items)
        top = np.argpartition(scores, n_items - best, axis=1)[:, n_items - best :]
        lot = rng.integers(0, n_items, (len(at), best))
        chosen = np.concatenate((top, lot), axis=1)
        return chosen, np.take_along_axis(scores, chosen, axis=1)
