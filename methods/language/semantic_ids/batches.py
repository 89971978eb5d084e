"""Mini-batches of histories, each with several of the items that follow."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ....datasets.arrays import CSR, IntArray, LongArray
from ...training.seeding import numpy_generator
from ..histories import NOTHING, cut_histories
from .trie import END

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class CodeBatches:
    """Each sequence of a user's items once in an epoch, divided at a random place.

    What stands before that place is the history, perhaps nothing, and the first ``targets`` items
    after it are each to be generated.

    Attributes
    ----------
    matrix, ranks, length, shuffled
        As of ``text_sequence.batches.SequenceBatches``.
    tokens
        int64 (items, places): identifiers.
    choices
        int64, (items,): how many tokens may stand at the last place of each.
    targets
        Most items that are predicted from one history.
    size
        Histories in a batch.
    """

    matrix: CSR
    ranks: IntArray | None
    tokens: LongArray
    choices: LongArray
    length: int
    shuffled: float
    targets: int
    size: int
    seed: int

    def __call__(self, epoch: int) -> "Iterator[dict[str, torch.Tensor]]":
        """Yield the batches of one epoch."""
        import torch

        rng = numpy_generator(self.seed, epoch)
        _, sequences = cut_histories(rng, self.matrix, self.ranks, self.length, self.shuffled)
        sizes = (sequences != NOTHING).sum(axis=1)
        begins = rng.integers(0, sizes)
        order = rng.permutation(len(sequences))
        for chosen in np.split(order, range(self.size, len(order), self.size)):
            before = take_end(sequences[chosen], begins[chosen])
            at = begins[chosen][:, None] + np.arange(self.targets)
            after = np.take_along_axis(sequences[chosen], np.minimum(at, self.length - 1), axis=1)
            after = np.where(at < sizes[chosen][:, None], after, NOTHING)
            most = int((after != NOTHING).sum(axis=1).max())
            after = after[:, :most]
            yield {
                "history": torch.from_numpy(spell(self.tokens, before)),
                "targets": torch.from_numpy(spell(self.tokens, after)),
                "choices": torch.from_numpy(np.where(after == NOTHING, 1, self.choices[after])),
            }


def take_end(sequences: LongArray, sizes: LongArray) -> LongArray:
    """Return the first ``sizes`` items of each sequence, moved so that all end together."""
    width = int(sizes.max(initial=0))
    at = np.arange(width) - (width - sizes)[:, None]
    taken = np.take_along_axis(sequences, np.maximum(at, 0), axis=1)
    ended: LongArray = np.where(at >= 0, taken, NOTHING)
    return ended


def spell(tokens: LongArray, items: LongArray) -> LongArray:
    """Return int64 (..., places): the identifiers of items; ``END`` in place of ``NOTHING``."""
    spelled: LongArray = np.where((items == NOTHING)[..., None], END, tokens[items])
    return spelled
