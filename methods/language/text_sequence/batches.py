"""Mini-batches of sequences, in each of which every item is to be predicted from those before."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ....datasets.arrays import CSR, DoubleArray, FloatArray, IntArray, LongArray
from ...training.seeding import numpy_generator
from ..histories import NOTHING, cut_histories

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class SequenceBatches:
    """Each training pair once in an epoch, as the target of a place in a sequence.

    A longer history is cut into sequences, at another place in each epoch; every one begins with
    nothing, so an empty history is trained, too.

    Attributes
    ----------
    matrix
        CSR (users, items) of the training pairs.
    ranks
        int32, (pairs,): place in the user's order of time; None where there are no times.
    vectors
        float32 (items, d): text vectors.
    size
        Sequences in a batch.
    length
        Most items in a sequence.
    shuffled
        Share of the users whose items stand in another random order in each epoch.
    dropped
        Share of a sequence's items that its second form lacks; 0 makes no second form.
    other_vectors
        float32 (items, d): those of the second form, of texts that lack words.
    seed
        Decides everything, together with the epoch.
    """

    matrix: CSR
    ranks: IntArray | None
    vectors: FloatArray
    size: int
    length: int
    shuffled: float
    seed: int
    dropped: float = 0.0
    other_vectors: FloatArray | None = None

    def __call__(self, epoch: int) -> "Iterator[dict[str, torch.Tensor]]":
        """Yield the batches of one epoch."""
        import torch

        rng = numpy_generator(self.seed, epoch)
        users, sequences = cut_histories(rng, self.matrix, self.ranks, self.length, self.shuffled)
        for chosen in np.split(
            rng.permutation(len(users)), range(self.size, len(users), self.size)
        ):
            batch = self._batch(rng, users[chosen], sequences[chosen])
            yield {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in batch.items()}

    def _batch(
        self, rng: np.random.Generator, users: LongArray, sequences: LongArray
    ) -> dict[str, np.ndarray]:
        """Return the arrays of a batch; entries and targets count in its distinct items."""
        real = sequences != NOTHING
        sequences = sequences[:, : int(real.sum(axis=1).max())]
        real = real[:, : sequences.shape[1]]
        items = np.unique(sequences[real])
        entries = np.where(real, np.searchsorted(items, sequences), NOTHING)
        batch = {
            "text": self.vectors[items],
            "entries": entries,
            "log_frequency": self._log_frequency(int(real.sum()))[items].astype(np.float32),
            "liked": self.matrix[users][:, items].toarray() > 0,
        }
        if self.dropped:
            kept = real & (rng.random(real.shape) >= self.dropped)
            order = np.argsort(~kept, axis=1, kind="stable")
            shorter = np.take_along_axis(np.where(kept, entries, NOTHING), order, axis=1)
            by_words = rng.random(len(users)) < 0.5
            batch["other_entries"] = np.where(by_words[:, None], entries, shorter)
            other = self.vectors if self.other_vectors is None else self.other_vectors
            batch["other_text"] = other[items]
            batch["by_words"] = by_words
        return batch

    def _log_frequency(self, pairs: int) -> DoubleArray:
        """Return log P(item is among ``pairs`` pairs drawn at random), per item."""
        # 1 - (1 - share)^pairs, in logarithms and without the cancellation of 1 - (nearly 1).
        logs: DoubleArray = np.log(-np.expm1(pairs * np.log1p(-self._shares)))
        return logs

    @cached_property
    def _shares(self) -> DoubleArray:
        counts = np.bincount(self.matrix.indices, minlength=self.matrix.shape[1])
        shares: DoubleArray = np.clip(counts / self.matrix.nnz, 1e-12, 1 - 1e-12)
        return shares
