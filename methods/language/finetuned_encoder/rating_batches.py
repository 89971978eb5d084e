"""Mini-batches of rated pairs, each with the user's other ratings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ....datasets.arrays import IntArray, LongArray
from .batches import HistoryBatches

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class RatingBatches(HistoryBatches):
    """Batches of pairs whose rating is to be predicted; ``matrix`` holds the ratings.

    Attributes
    ----------
    mean
        Of all training ratings.
    damping
        Imagined ratings at the mean that pull a user's offset to 0.
    """

    mean: float = 0.0
    damping: float = 0.0

    def measure_chance(self) -> float:
        """Return the mean squared error of the offsets over the first epoch."""
        squares, count = 0.0, 0
        batch: dict[str, torch.Tensor]
        for batch in self(0):
            errors = (batch["ratings"] - batch["base"]).double()
            squares, count = squares + float((errors**2).sum()), count + len(errors)
        return squares / max(1, count)

    def _batch(
        self, rng: np.random.Generator, users: LongArray, targets: IntArray
    ) -> dict[str, np.ndarray]:
        """Return the arrays of a batch; positions count in ``items``."""
        rows, history = self._histories(rng, users, targets)
        candidates = np.unique(targets)
        items = np.union1d(candidates, history)
        place = np.searchsorted(items, candidates)
        fresh = rng.choice(place, min(self.fresh, len(place)), replace=False)
        deviations = self._look_up(users[rows], history) - self.mean
        sizes = np.bincount(rows, minlength=len(users))
        sums = np.bincount(rows, weights=deviations, minlength=len(users))
        # Without damping a user without history would divide 0 by 0.
        offsets = sums / np.maximum(sizes + self.damping, 1e-12)
        batch: dict[str, Any] = {
            "items": items.astype(np.int64),
            "fresh": np.sort(fresh),
            "target": np.searchsorted(items, targets).astype(np.int64),
            "ratings": self._look_up(users, targets).astype(np.float32),
            "base": (self.mean + offsets).astype(np.float32),
            "rows": rows,
            "entries": np.searchsorted(items, history),
            "deviations": (deviations - offsets[rows]).astype(np.float32),
            "sizes": sizes.astype(np.float32),
        }
        return batch

    def _look_up(self, users: LongArray, items: IntArray) -> np.ndarray:
        """Return float64, (pairs,): the ratings of some pairs."""
        if len(users) == 0:
            return np.zeros(0)
        return np.asarray(self.matrix[users, items], dtype=np.float64).ravel()
