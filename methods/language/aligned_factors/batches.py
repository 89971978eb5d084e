"""The batches that aligned factors learn from: triples, and the nodes to be aligned."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ....datasets.arrays import CSR, IntArray
from ...negative_sampling import sample_unobserved_pairs
from ...training.seeding import numpy_generator
from .settings import Alignment

if TYPE_CHECKING:
    from .network import AlignedBatch


@dataclass
class AlignedBatches:
    """Each observed pair once in an epoch, with an item that its user has not taken.

    Attributes
    ----------
    observed
        CSR (users, items): the training pairs.
    alignment
        Contrastive: the users and items of a batch are aligned, each once. Generative: nodes
        drawn anew for each batch.
    masked
        Share of the nodes that are masked, for generative.
    size
        Pairs in a batch.
    seed
        Decides order, items and masks, together with the epoch.
    """

    observed: CSR
    alignment: Alignment
    masked: float
    size: int
    seed: int

    def __call__(self, epoch: int) -> "Iterator[AlignedBatch]":
        """Yield the batches of one epoch."""
        rng = numpy_generator(self.seed, epoch)
        users, negatives = sample_unobserved_pairs(self.observed, 1, rng)
        taken = np.diff(self.observed.indptr)
        # A user who took every item has no negatives, and no part in the ranking loss.
        ranked = np.repeat(taken < self.observed.shape[1], taken)
        items = self.observed.sorted_indices().indices[ranked]
        order = rng.permutation(len(users))
        for start in range(0, len(order), self.size):
            at = order[start : start + self.size]
            triple = (users[at], items[at], negatives[at])
            arrays = (*triple, *self._aligned(*triple, rng))
            yield tuple(torch.from_numpy(one.astype(np.int64)) for one in arrays)  # type: ignore[misc]

    def chance_loss(self, weight: float) -> float:
        """Return the mean loss of a network to which all users, items and texts are alike."""
        sizes = [(len(one[3]), len(one[4])) for one in self(0)]
        aligned = [float(np.log(np.maximum(users, 1)) + np.log(np.maximum(items, 1)))
                   for users, items in sizes]  # fmt: skip
        return float(np.log(2) + weight * np.mean(aligned)) if sizes else 0.0

    def _aligned(
        self, users: IntArray, items: IntArray, negatives: IntArray, rng: np.random.Generator
    ) -> tuple[IntArray, IntArray]:
        """Return the users and the items that the alignment of a batch is about, each once."""
        if self.alignment is Alignment.CONTRASTIVE:
            return np.unique(users), np.unique(np.concatenate((items, negatives)))
        if self.alignment is Alignment.NONE:
            return users[:0], items[:0]
        n_users, n_items = self.observed.shape
        hidden = np.flatnonzero(rng.random(n_users + n_items) < self.masked).astype(np.int32)
        return hidden[hidden < n_users], hidden[hidden >= n_users] - n_users
