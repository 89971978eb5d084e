"""The batches that CLCRec learns from: observed pairs, and sampled items that they share."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ....datasets.arrays import LongArray
from ....datasets.interactions import Interactions
from ...training.seeding import numpy_generator
from ..content_inputs import TrainingContent

if TYPE_CHECKING:
    from .network import CLCRecBatch


@dataclass
class ContrastiveBatches:
    """Each observed pair once in an epoch; the pairs of a batch share the sampled items.

    Attributes
    ----------
    interactions
        The observed pairs.
    content
        Of the training items, by their positions.
    negatives
        Sampled training items per batch.
    mixed
        Probability that an item shows its content instead of its id embedding.
    size
        Pairs in a batch.
    seed
        Decides order, items and what they show, together with the epoch.
    """

    interactions: Interactions
    content: TrainingContent
    negatives: int
    mixed: float
    size: int
    seed: int

    def __call__(self, epoch: int) -> "Iterator[CLCRecBatch]":
        """Yield the batches of one epoch."""
        rng = numpy_generator(self.seed, epoch)
        order = rng.permutation(len(self.interactions.users))
        for start in range(0, len(order), self.size):
            yield self._batch(order[start : start + self.size], rng)

    def chance_loss(self, balance: float) -> float:
        """Return the mean loss of a network to which all items are alike, norms left out.

        The pair's item is then one of as many as the batch shows its user: the sampled ones that
        are neither hidden from the user nor, in the item's own loss, the item itself.
        """
        # With all scores alike the loss is log(1 + number of negatives left). In the item's own
        # loss (1 - 1 / n_items) of the sampled ones are left on average, in the other those that
        # the user does not like.
        seen, n_items = self.interactions, self.interactions.n_items
        liked = np.diff(seen.csr.indptr)[seen.users] / n_items
        own = np.log1p(self.negatives * (1 - 1 / n_items))
        preference = np.log1p(self.negatives * (1 - liked)).mean()
        return float(balance * own + (1 - balance) * preference)

    def _batch(self, at: LongArray, rng: np.random.Generator) -> "CLCRecBatch":
        seen = self.interactions
        users, chosen = seen.users[at].astype(np.int64), seen.items[at]
        sampled = rng.integers(0, seen.n_items, self.negatives)
        # An item of several pairs, or sampled too, is encoded once.
        items, positions = np.unique(np.concatenate((chosen, sampled)), return_inverse=True)
        shown = rng.random((len(positions), 1)) < self.mixed
        # Sampled items that the user is known to like would be false negatives.
        hidden = seen.csr[users][:, sampled].toarray() != 0
        arrays = (
            users,
            self.content(items),
            items.astype(np.int64),
            positions[: len(at)],
            positions[len(at) :],
            shown,
            hidden,
        )
        return tuple(torch.from_numpy(array) for array in arrays)  # type: ignore[return-value]
