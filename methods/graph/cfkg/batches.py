"""The batches that CFKG learns from: likes pairs, and triples of the graph from either end."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ....datasets.graph import Links
from ...training.seeding import numpy_generator
from ..interaction_batches import InteractionBatches
from .network import TripleBatch


@dataclass
class TripleBatches:
    """Every likes pair once an epoch, with as many triples of the graph.

    Attributes
    ----------
    pairs
        Batches of likes pairs.
    links
        Every edge of the training graph from both of its ends.
    n_nodes
        Nodes among which the wrong end is drawn, uniformly.
    """

    pairs: InteractionBatches
    links: Links
    n_nodes: int

    def __call__(self, epoch: int) -> Iterator[TripleBatch]:
        """Yield the batches of one epoch; the graph is gone through round after round."""
        rng = numpy_generator(self.pairs.seed, epoch, 1)
        links, left = self.links, np.zeros(0, dtype=np.int64)
        for pairs in self.pairs(epoch):
            wanted = len(pairs.users) if len(links.rows) else 0
            # Permutations end to end: every triple comes once before any comes twice, and the
            # rounds need not end where an epoch of pairs does.
            while len(left) < wanted:
                left = np.concatenate((left, rng.permutation(len(links.rows))))
            at, left = left[:wanted], left[wanted:]
            # Uniform over all nodes; a corrupted triple may be true by accident, as in TransE.
            wrong = rng.integers(0, self.n_nodes, wanted)
            parts = (links.rows[at], links.relations[at], links.nodes[at], wrong)
            yield TripleBatch(pairs, *(torch.from_numpy(part.astype(np.int64)) for part in parts))
