"""What is known of a factor before any history is seen, and what a history makes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..datasets.arrays import CSR, DoubleArray, FloatArray
from .sparse_rows import expand_row_indices

PRIORS = tuple(
    {"prior_strength": strength, "fold_in_weight": weight}
    for strength, weight in ((1.0, 0.0), (3.0, 0.0), (0.3, 0.0), (1.0, 1.0), (0.3, 1.0), (0.3, 3.0))
)
"""What methods that can solve for a history, too, try where none is given.

The first is that without validation.
"""

_ROWS = 4096  # training pairs whose scores are computed at once
_NUMBERS = 2**20  # of the factors in histories that are held at once


@dataclass
class FactorPrior:
    """A normal distribution of the factors of one side, and the noise of an observed pair.

    A history joins the prior and does not replace it: a short one moves the factor little, and an
    empty one leaves it where it is.

    Attributes
    ----------
    mean
        float64, (d,): the mean training factor.
    covariance
        float64, (d, d): of the training factors.
    noise
        Mean squared distance between 1 and the score of a training pair.
    """

    mean: DoubleArray
    covariance: DoubleArray
    noise: float

    @classmethod
    def of(cls, own: FloatArray, across: FloatArray, pairs: CSR) -> "FactorPrior":
        """Estimate it from training factors and training pairs.

        Parameters
        ----------
        own, across
            float32, (entities, d) and (entities of the other side, d).
        pairs
            CSR (entities, entities of the other side): who took what.
        """
        wide = own.astype(np.float64)
        mean = wide.mean(axis=0)
        apart = wide - mean
        covariance = apart.T @ apart / max(1, len(wide))
        return cls(mean, covariance, _mean_squared_residual(own, across, pairs))

    def state(self) -> dict[str, Any]:
        """Return its three numbers and arrays, by name."""
        return dict(vars(self))

    def join(
        self,
        history: CSR,
        across: FloatArray,
        centres: FloatArray | None = None,
        strength: float = 1.0,
    ) -> FloatArray:
        """Return float32 (rows, d): the posterior mean of the factor that each history belongs to.

        Parameters
        ----------
        history
            CSR (rows, entities of the other side).
        across
            float32, (entities of the other side, d).
        centres
            float32, (rows, d): the prior mean of each row; by default ``mean`` for all.
        strength
            What the noise is multiplied by: more leaves a factor nearer to its prior mean.
        """
        found = np.empty((history.shape[0], len(self.mean)), dtype=np.float32)
        found[:] = self.mean if centres is None else centres
        # With the prior x ~ N(x0, S) and each pair's score 1 = x.y + e, e ~ N(0, noise):
        #   x = x0 + S Y' (Y S Y' + noise I)^-1 (1 - Y x0),
        # Y the rows of the history: a system as large as the history or as the factor, whichever is
        # smaller. Unlike in training the pairs not observed say nothing: of a new user most have
        # not been seen yet.
        noise = max(self.noise * strength, 1e-9)
        lengths = np.diff(history.indptr)
        for length in np.unique(lengths[lengths > 0]):
            # Histories of one length are systems of one size, which LAPACK solves in one call.
            rows = np.flatnonzero(lengths == length)
            step = max(1, _NUMBERS // (int(length) * len(self.mean)))
            for at in range(0, len(rows), step):
                some = rows[at : at + step]
                liked = history.indices[history.indptr[some][:, None] + np.arange(length)]
                found[some] += self._steps(across[liked].astype(np.float64), found[some], noise)
        return found

    def _steps(self, seen: DoubleArray, centres: FloatArray, noise: float) -> DoubleArray:
        """Return float64 (rows, d): how far factors (rows, length, d) move each centre."""
        missing = 1 - np.einsum("nld,nd->nl", seen, centres)[:, :, None]
        spread = seen @ self.covariance  # Y S, as S is symmetric
        if seen.shape[1] <= seen.shape[2]:
            systems = spread @ seen.transpose(0, 2, 1) + noise * np.eye(seen.shape[1])
            weights = np.linalg.solve(systems, missing)
            steps = spread.transpose(0, 2, 1) @ weights
        else:
            # S Y' (Y S Y' + noise I)^-1 = (S Y'Y + noise I)^-1 S Y'
            systems = spread.transpose(0, 2, 1) @ seen + noise * np.eye(seen.shape[2])
            steps = np.linalg.solve(systems, spread.transpose(0, 2, 1) @ missing)
        return np.asarray(steps[:, :, 0], np.float64)


def weigh_fold_in(
    history: CSR,
    across: FloatArray,
    solve: Callable[[CSR, FloatArray], FloatArray],
    weight: float,
) -> FloatArray | float:
    """Return float32 (rows, d): ``weight`` times the solution for each history, for each item.

    Added to a factor that the prior keeps near the mean, the solution decides where a history is
    long, and the prior where it is short.
    """
    if not weight or not history.shape[0]:
        return 0.0
    sizes = np.diff(history.indptr).astype(np.float32)[:, None]
    solved: FloatArray = solve(history, across) * sizes * np.float32(weight)
    return solved


def _mean_squared_residual(own: FloatArray, across: FloatArray, pairs: CSR) -> float:
    rows, total = expand_row_indices(pairs), 0.0
    for at in range(0, pairs.nnz, _ROWS):
        one, other = own[rows[at : at + _ROWS]], across[pairs.indices[at : at + _ROWS]]
        scores = np.einsum("nd,nd->n", one, other, dtype=np.float64)
        total += float(((1 - scores) ** 2).sum())
    return total / max(1, int(pairs.nnz))
