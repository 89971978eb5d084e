"""Mini-batches of labelled pairs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...training.seeding import numpy_generator
from .pairs import LabelledPairs

if TYPE_CHECKING:
    import torch

Collate = Callable[[LabelledPairs, np.random.Generator], "dict[str, torch.Tensor]"]


@dataclass(frozen=True)
class PairBatches:
    """Shuffled labelled pairs, ``size`` at a time.

    Attributes
    ----------
    draw
        Returns the pairs of an epoch.
    collate
        Turns pairs into what the loss of the network takes; what it draws, it draws from the
        generator that it is given.
    size
        Pairs in a batch; the last one may be smaller.
    seed
        Decides the order together with the epoch.
    together
        How many pairs in a row stay in a row, of which ``size`` is a multiple.
    """

    draw: Callable[[int], LabelledPairs]
    collate: Collate
    size: int
    seed: int
    together: int = 1

    def __call__(self, epoch: int) -> "Iterator[dict[str, torch.Tensor]]":
        """Yield the batches of one epoch."""
        pairs = self.draw(epoch)
        starts = numpy_generator(self.seed, epoch, 1).permutation(len(pairs) // self.together)
        order = (starts[:, None] * self.together + np.arange(self.together)).reshape(-1)
        rng = numpy_generator(self.seed, epoch, 2)
        for at in range(0, len(order), self.size):
            rows = order[at : at + self.size]
            yield self.collate(
                LabelledPairs(pairs.users[rows], pairs.items[rows], pairs.liked[rows]), rng
            )
