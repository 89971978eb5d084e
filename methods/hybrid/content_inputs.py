"""The content that the networks of the family read, as dense blocks."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...datasets.arrays import CSR, FloatArray, LongArray
from ..linear_algebra import leading_directions

_KEPT = 2**26  # numbers of dense content kept for all training entities of a side


@dataclass
class Standardiser:
    """Centre and spread of the columns of a training matrix."""

    mean: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, rows: FloatArray) -> "Standardiser":
        """Measure the columns; a constant column keeps its spread of 1."""
        spread = rows.std(axis=0, dtype=np.float64)
        spread[spread < 1e-8] = 1  # else a constant column would become rounding errors over 0
        mean = rows.mean(axis=0, dtype=np.float64)
        return cls(mean.astype(np.float32), spread.astype(np.float32))

    def __call__(self, rows: FloatArray) -> FloatArray:
        """Return the rows with the training columns at mean 0 and spread 1."""
        scaled: FloatArray = (rows - self.mean) / self.spread
        return scaled


@dataclass
class ContentInputs:
    """The content input of one side: its features, or their leading singular directions.

    Attributes
    ----------
    directions
        float32 (columns, r): right singular vectors of the training rows; None when the features
        are narrow enough to be read as they are.
    scale
        Scale of the reduced training rows; None with ``directions``.
    """

    directions: FloatArray | None
    scale: Standardiser | None

    @classmethod
    def of(cls, features: CSR, rank: int, seed: int) -> "ContentInputs":
        """Learn the reduction from training rows where they have more than ``rank`` columns."""
        if min(features.shape) <= rank:
            return cls(None, None)
        _, found = leading_directions(features.astype(np.float64), rank, seed)
        directions = found.astype(np.float32)
        return cls(directions, Standardiser.of(features @ directions))

    def width(self, features: CSR) -> int:
        """Return the columns of the content made from ``features``."""
        return int(features.shape[1] if self.directions is None else self.directions.shape[1])

    def __call__(self, features: CSR) -> FloatArray:
        """Return the dense content of some entities."""
        if self.directions is None or self.scale is None:
            dense: FloatArray = features.toarray().astype(np.float32, copy=False)
            return dense
        # X V = U S: the coordinates along the right singular vectors, each scaled to spread 1, so
        # that the first directions do not drown the others.
        return self.scale(features @ self.directions)


@dataclass
class TrainingContent:
    """The content of one side's training entities, made once where it is small enough to keep.

    Attributes
    ----------
    features
        CSR (entities, columns).
    content
        Makes them dense.
    """

    features: CSR
    content: ContentInputs

    def __call__(self, at: LongArray) -> FloatArray:
        """Return the dense content at the positions ``at``."""
        kept = self._kept
        return self.content(self.features[at]) if kept is None else kept[at]

    @cached_property
    def _kept(self) -> FloatArray | None:
        small = self.features.shape[0] * self.content.width(self.features) <= _KEPT
        return self.content(self.features) if small else None
