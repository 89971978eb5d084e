"""Mini-batches of (user, liked item) pairs, each with the rest of the user's history."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ....datasets.arrays import CSR, BoolArray, DoubleArray, FloatArray, IntArray, LongArray
from ...training.seeding import numpy_generator

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class HistoryBatches:
    """Batches of pairs whose item is to be predicted from the user's other items.

    Attributes
    ----------
    matrix
        CSR (users, items) of the training pairs.
    size
        Pairs in a batch.
    fresh
        Items of a batch whose text is encoded anew; the others' vectors are remembered.
    history_length
        Longer histories are thinned to about this many items.
    thinning
        Share of the pairs whose history is thinned at random to any length, down to nothing.
    user_text
        float32 (users, width), or None.
    seed
        Decides everything, together with the epoch.
    targets
        bool, (training pairs,): those whose item is predicted, in the order of ``matrix``; None
        for all. Histories hold the others as well.
    separate
        Whether the texts of histories are encoded for themselves: as many of them anew.
    """

    matrix: CSR
    size: int
    fresh: int
    history_length: int
    thinning: float
    user_text: FloatArray | None
    seed: int
    targets: BoolArray | None = None
    separate: bool = False

    def __call__(self, epoch: int) -> "Iterator[dict[str, torch.Tensor]]":
        """Yield the batches of one epoch."""
        import torch

        rng = numpy_generator(self.seed, epoch)
        users = np.repeat(np.arange(self.matrix.shape[0]), np.diff(self.matrix.indptr))
        order = rng.permutation(self._places)
        for at in range(0, len(order), self.size):
            pairs = order[at : at + self.size]
            batch = self._batch(rng, users[pairs], self.matrix.indices[pairs])
            yield {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in batch.items()}

    def _batch(
        self, rng: np.random.Generator, users: LongArray, targets: IntArray
    ) -> dict[str, np.ndarray]:
        """Return the arrays of a batch; positions count in ``items``, columns in ``candidates``."""
        rows, history = self._histories(rng, users, targets)
        candidates, target = np.unique(targets, return_inverse=True)
        items = np.union1d(candidates, history)
        place = np.searchsorted(items, candidates)
        fresh = rng.choice(place, min(self.fresh, len(place)), replace=False)
        liked = self.matrix[users][:, candidates].tocoo()
        others = liked.col != target[liked.row]
        batch: dict[str, Any] = {
            "items": items.astype(np.int64),
            "fresh": np.sort(fresh),
            "candidates": place,
            "log_frequency": self._log_frequency(len(targets))[candidates].astype(np.float32),
            "target": target.astype(np.int64),
            "rows": rows,
            "entries": np.searchsorted(items, history),
            "liked_rows": liked.row[others].astype(np.int64),
            "liked_columns": liked.col[others].astype(np.int64),
        }
        if self.separate:
            shown = np.unique(batch["entries"])
            batch["fresh_shown"] = np.sort(
                rng.choice(shown, min(self.fresh, len(shown)), replace=False)
            )
        if self.user_text is not None:
            batch["user_text"] = self.user_text[users]
        return batch

    def _histories(
        self, rng: np.random.Generator, users: LongArray, targets: IntArray
    ) -> tuple[LongArray, IntArray]:
        """Return (row, item) of every history entry that is shown; never the target itself."""
        starts = self.matrix.indptr[users]
        counts = self.matrix.indptr[users + 1] - starts
        # All rows of the CSR matrix at once: entry j of the result is entry j - (entries of earlier
        # rows) of its own row, which begins at ``starts``.
        rows = np.repeat(np.arange(len(users)), counts)
        offset = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        items = self.matrix.indices[starts[rows] + offset]
        thinned = rng.random(len(users)) < self.thinning
        share = np.where(thinned, rng.random(len(users)), 1.0)
        # Each entry is kept with this probability, so a length is right on average only; a history
        # that is thinned to nothing trains what stands for users without one.
        share = np.minimum(share, self.history_length / np.maximum(counts - 1, 1))
        shown = (rng.random(len(rows)) < share[rows]) & (items != targets[rows])
        return rows[shown].astype(np.int64), items[shown]

    def _log_frequency(self, pairs: int) -> DoubleArray:
        """Return log P(item is among the targets of ``pairs`` pairs drawn at random), per item."""
        # 1 - (1 - share)^pairs, in logarithms and without the cancellation of 1 - (nearly 1).
        logs: DoubleArray = np.log(-np.expm1(pairs * np.log1p(-self._shares)))
        return logs

    @cached_property
    def _shares(self) -> DoubleArray:
        items = self.matrix.indices[self._places]
        counts = np.bincount(items, minlength=self.matrix.shape[1])
        shares: DoubleArray = np.clip(counts / len(items), 1e-12, 1 - 1e-12)
        return shares

    @cached_property
    def _places(self) -> LongArray:
        """int64: where in ``matrix`` the pairs to learn from are stored."""
        every: LongArray = np.arange(self.matrix.nnz)
        return every if self.targets is None else every[self.targets]
