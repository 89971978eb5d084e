"""A short history stands for a user only in part: its mean shrinks towards what all users are."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..datasets.arrays import CSR, FloatArray
from .sparse_rows import mean_rows


def support_shares(history: CSR, prior_weight: float) -> FloatArray:
    """Return float32 (rows, 1), k / (k + prior_weight) for a history of k entries; 0 for k = 0."""
    sizes = np.diff(history.indptr).astype(np.float32)[:, None]
    shares: FloatArray = sizes / np.maximum(sizes + np.float32(prior_weight), 1e-9)
    return shares


@dataclass
class HistoryRegression:
    """What the mean over a history tells of its owner's own vector, by least squares.

    Attributes
    ----------
    prior
        float32, (d,): the mean own vector, what stands for an owner without history.
    centre
        float32, (d,): the average mean over a history.
    slope
        How far an own vector lies from ``prior`` where the mean over the history lies 1 from
        ``centre``.
    """

    prior: FloatArray
    centre: FloatArray
    slope: float

    @classmethod
    def of(cls, own: FloatArray, history: CSR, across: FloatArray) -> "HistoryRegression":
        """Fit it to training entities.

        Parameters
        ----------
        own
            float32, (rows, d): their vectors.
        history
            CSR (rows, entities of the other side).
        across
            float32, (entities of the other side, d).
        """
        means = mean_rows(history, across)
        prior, centre = (one.mean(axis=0, dtype=np.float64) for one in (own, means))
        apart = means - centre
        # One number for all directions: own = prior + slope (mean - centre), least squares.
        spread = float((apart**2).sum())
        slope = float(((own - prior) * apart).sum()) / spread if spread else 0.0
        return cls(prior.astype(np.float32), centre.astype(np.float32), slope)

    def __call__(self, history: CSR, across: FloatArray, prior_weight: float) -> FloatArray:
        """Return float32 (rows, d): ``prior``, joined by each history as far as its length goes.

        Parameters
        ----------
        history
            CSR (rows, entities of the other side).
        across
            float32, (entities of the other side, d).
        prior_weight
            Entries that a history needs to count as much as the prior.
        """
        told = self.slope * (mean_rows(history, across) - self.centre)
        vectors: FloatArray = self.prior + support_shares(history, prior_weight) * told
        return vectors.astype(np.float32, copy=False)

    def state(self) -> dict[str, Any]:
        """Return its parts, by name."""
        return dict(vars(self))
