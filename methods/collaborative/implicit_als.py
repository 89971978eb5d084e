"""Weighted matrix factorisation by alternating least squares."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ...datasets.arrays import CSR, DoubleArray, FloatArray
from ...datasets.parameters import Range, parameter
from ...datasets.world import Entities, TrainView
from ..base import FactorMethod, Family
from .folding_in import fold_in

_ROWS = 256  # rows whose normal equations are held at once


@dataclass
class ImplicitALS(FactorMethod):
    """Factors that fit observed pairs with high confidence and all others with low.

    Source: Hu, Koren and Volinsky, Collaborative Filtering for Implicit Feedback Datasets, 2008,
    equations 3 to 5, confidence 1 + alpha; trained by the library ``implicit``.
    Differs: the paper leaves lambda to cross-validation, the default here was chosen on the
    validation part of movietweetings. While training, a half sweep takes three conjugate
    gradient steps instead of the exact solve (Takacs, Pilaszy and Tikk, 2011). Afterwards every
    training user gets the exact solution given the final item factors; a new user is the same
    solve from the history, so warm and k-shot users are served alike. Training items keep their
    factors; a new item is the solve from its support users. No history means a zero factor.
    """

    factors: int = parameter(64, "length of a factor", minimum=1, search=Range(16, 256, log=True))
    regularization: float = parameter(
        150.0, "weight of the squared norms", minimum=1e-6, search=Range(0.01, 1000, log=True)
    )
    alpha: float = parameter(
        40.0,
        "confidence of an observed pair beyond that of an unobserved one",
        minimum=0,
        search=Range(1, 100, log=True),
    )
    iterations: int = parameter(15, "sweeps over both sides", minimum=1, search=Range(5, 50))

    family: ClassVar[Family] = Family.COLLABORATIVE
    uses_support: ClassVar[bool] = True
    requires: ClassVar[tuple[str, ...]] = ("implicit",)

    def fit(self, train: TrainView) -> Self:
        """Alternate with ``implicit``, then solve once more for the users."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with threadpool_limits(1, "blas"):
            self.item_factors_ = self._train(train)
            self.user_factors_ = self._solve(train.interactions.csr, self.item_factors_)
        return self

    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, factors): learned, or solved from the history."""
        return fold_in(users, self.fitted("user_factors_"), self.item_factors_, self._solve)

    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, factors): learned, or solved from the support users."""
        return fold_in(items, self.fitted("item_factors_"), self.user_factors_, self._solve)

    def _train(self, train: TrainView) -> FloatArray:
        from implicit.cpu.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(
            factors=self.factors,
            regularization=self.regularization,
            alpha=1.0,
            iterations=self.iterations,
            num_threads=train.resources.threads,
            random_state=train.seed,
        )
        # The library reads the values as the whole confidence of an observed pair, 1 + alpha, and
        # gives all others 1.
        confidence = (1 + self.alpha) * train.interactions.csr
        model.fit(
            confidence,
            show_progress=False,
            callback=lambda epoch, *_: train.progress(epoch + 1, self.iterations, "epoch"),
        )
        factors: FloatArray = np.ascontiguousarray(model.item_factors, dtype=np.float32)
        return factors

    def _solve(self, history: CSR, across: FloatArray) -> FloatArray:
        """Return the exact minimisers, (rows, factors), given the factors of the other side."""
        # Equation 4: x = (Y'C Y + lambda I)^-1 Y'C p. With C = I + alpha on the observed entries S,
        # Y'C Y = Y'Y + alpha sum over S of y y': Y'Y is the same for all rows, and the sum has as
        # many terms as the row has entries. p is 1 on S and 0 elsewhere, so the right side is
        # (1 + alpha) sum over S of y.
        wide = across.astype(np.float64)
        base = wide.T @ wide + self.regularization * np.eye(wide.shape[1])
        blocks = [
            self._solve_block(history[at : at + _ROWS], wide, base)
            for at in range(0, history.shape[0], _ROWS)
        ]
        return np.concatenate(blocks).astype(np.float32)

    def _solve_block(self, history: CSR, across: DoubleArray, base: DoubleArray) -> DoubleArray:
        # A batch of small systems in one call: LAPACK's time instead of Python's.
        systems = np.repeat(base[None], history.shape[0], axis=0)
        targets = np.empty((history.shape[0], across.shape[1]))
        for row, (start, end) in enumerate(zip(history.indptr, history.indptr[1:], strict=False)):
            liked = across[history.indices[start:end]]
            systems[row] += self.alpha * (liked.T @ liked)
            targets[row] = (1 + self.alpha) * liked.sum(axis=0)
        return np.asarray(np.linalg.solve(systems, targets[:, :, None])[:, :, 0], np.float64)
