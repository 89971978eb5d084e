"""The batches that DropoutNet learns from: pretrained scores of sampled user-item pairs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ....datasets.arrays import FloatArray, LongArray
from ...training.seeding import numpy_generator
from ..training_sides import TrainingSide

if TYPE_CHECKING:
    from .network import DropoutNetBatch


@dataclass
class InputDropout:
    """How often a preference input is hidden or replaced while training.

    Attributes
    ----------
    dropout
        Probability of a zero input.
    transform
        Probability of the mean factor of a part of the history.
    support
        Most history entries in such a mean; 0 takes them all.
    """

    dropout: float
    transform: float
    support: int


@dataclass
class ScorePairBatches:
    """For each user its best items by the pretrained scores, and as many at random.

    Attributes
    ----------
    users, items
        The training sides.
    user_factors, item_factors
        float32: the pretrained factors, as they are.
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
        # Drawn once an epoch, whoever needs them: all means are one sparse product.
        user_means = self.users.draw_history_factors(self.rule.support, rng)
        item_means = self.items.draw_history_factors(self.rule.support, rng)
        n_users = len(self.user_factors)
        # Never a smaller last batch: batch normalisation cannot use a single row.
        for at in np.array_split(rng.permutation(n_users), max(1, n_users // self.size)):
            chosen, targets = self._choose(at, rng)
            items, positions = np.unique(chosen, return_inverse=True)
            yield (
                self._inputs(self.users, at, user_means, rng),
                self._inputs(self.items, items, item_means, rng),
                torch.from_numpy(positions.reshape(chosen.shape)),
                torch.from_numpy(targets),
            )

    def chance_loss(self) -> float:
        """Return the squared error of towers that give every pair the mean: the targets' variance.

        Over users as many as twenty batches hold.
        """
        rng = numpy_generator(self.seed, 0, 1)
        users = rng.permutation(len(self.user_factors))[: 20 * self.size]
        return float(self._choose(users, rng)[1].var(dtype=np.float64))

    def _choose(self, at: LongArray, rng: np.random.Generator) -> tuple[LongArray, FloatArray]:
        """Return int64 items and float32 pretrained scores, both (users, pairs)."""
        # The targets U_u V_v' of these users with all items at once.
        scores = self.user_factors[at] @ self.item_factors.T
        n_items = scores.shape[1]
        best = min(self.pairs, n_items)
        # Most random pairs have a score near 0, which a tower that ignores its inputs also gives:
        # half of the pairs are those with the largest scores.
        top = np.argpartition(scores, n_items - best, axis=1)[:, n_items - best :]
        uniform = rng.integers(0, n_items, (len(at), best))
        chosen = np.concatenate((top, uniform), axis=1)
        return chosen, np.take_along_axis(scores, chosen, axis=1)

    def _inputs(
        self, side: TrainingSide, at: LongArray, means: FloatArray, rng: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (preference, content) of some entities, each left, hidden or transformed."""
        # Algorithm 1: U_u is left, set to 0, or replaced by the mean of V_v over the history. One
        # uniform number decides, so that the three exclude one another.
        uniform = rng.random(len(at))
        hidden = uniform < self.rule.dropout
        changed = ~hidden & (uniform < self.rule.dropout + self.rule.transform)
        preference = side.inputs.preferences.own[at]
        preference[hidden] = 0
        preference[changed] = means[at[changed]]
        return torch.from_numpy(preference), torch.from_numpy(side.content(at))
