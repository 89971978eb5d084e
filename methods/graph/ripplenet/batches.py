"""The batches that RippleNet learns from: chosen and other items, and triples of the graph."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ....datasets.interactions import Interactions
from ...training.seeding import numpy_generator
from ..interaction_batches import encode_pairs, sample_negatives
from .network import ClickBatch


@dataclass
class ClickBatches:
    """Every training pair once an epoch, with an item not chosen and a triple of the graph.

    Attributes
    ----------
    interactions
        The training pairs.
    n_triples
        Triples of the graph, from both ends.
    dropout
        Probability that an item plays a cold one.
    size
        Pairs in a batch.
    seed
        Decides order, items, triples and dropout, together with the epoch.
    """

    interactions: Interactions
    n_triples: int
    dropout: float
    size: int
    seed: int

    def __call__(self, epoch: int) -> Iterator[ClickBatch]:
        """Yield the batches of one epoch."""
        rng = numpy_generator(self.seed, epoch)
        pairs = self.interactions
        chosen = encode_pairs(pairs.csr)
        order = rng.permutation(len(pairs))
        for at in np.array_split(order, max(1, round(len(order) / self.size))):
            users = pairs.users[at].astype(np.int64)
            other = sample_negatives(users, chosen, pairs.n_items, rng)
            items = np.stack((pairs.items[at].astype(np.int64), other), axis=1)
            with_embedding = rng.random(items.shape) >= self.dropout
            triples = rng.integers(0, self.n_triples, len(at))
            yield ClickBatch(
                *(torch.from_numpy(p) for p in (users, items, with_embedding, triples))
            )
