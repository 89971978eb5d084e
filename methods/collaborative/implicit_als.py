"""Weighted matrix factorisation by alternating least squares."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...datasets.arrays import CSR, DoubleArray, FloatArray
from ...datasets.parameters import Range, parameter
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..base import FactorMethod, Family
from ..factor_prior import PRIORS, FactorPrior
from ..prior_choice import choose_prior
from .folding_in import fold_in, join_prior

_ROWS = 256  # rows whose normal equations are held at once


@dataclass
class ImplicitALS(FactorMethod):
    """Factors that fit observed pairs with high confidence and all others with low.

    Source: Hu, Koren and Volinsky, Collaborative Filtering for Implicit Feedback Datasets, 2008,
    equations 3 to 5, confidence 1 + alpha; trained by the library ``implicit``.
    Differs: the paper leaves lambda to cross-validation, the default here was chosen on the
    validation part of movietweetings. While training, a half sweep takes three conjugate
    gradient steps instead of the exact solve (Takacs, Pilaszy and Tikk, 2011). Afterwards every
    training user gets the exact solution given the final item factors. Training items keep their
    factors; a new item is the solve from its support users, zero without any. The same solve would
    give a new user with a short history a factor near zero, worse than none: a new user is instead
    the posterior mean of a factor, given the mean and covariance of the training users' and the
    scores 1, up to the training pairs' error, of the history (``FactorPrior``); without a history
    it is the mean user. ``prior_strength`` multiplies that error, and for each of the k items
    ``fold_in_weight`` times the solve is added: some data want the one, some the other, so
    validation chooses both (0.3, 1 and 3 without the solve; 0.3 and 1 with it once, 0.3 with it
    three times, practically the solve alone at ten items). Without validation they are 1 and 0.
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
    prior_strength: float | None = parameter(
        None,
        "weight of the mean user against a new user's history; None chooses by validation",
        minimum=1e-3,
    )
    fold_in_weight: float | None = parameter(
        None,
        "weight of the plain solve for a new user's history; None chooses by validation",
        minimum=0,
    )

    version: ClassVar[int] = 3
    family: ClassVar[Family] = Family.COLLABORATIVE
    cold: ClassVar[frozenset[Side]] = frozenset({Side.USER})
    uses_support: ClassVar[bool] = True
    requires: ClassVar[tuple[str, ...]] = ("implicit",)

    def fit(self, train: TrainView) -> Self:
        """Alternate with ``implicit``, then solve once more for the users."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with threadpool_limits(1, "blas"):
            self.item_factors_ = self._train(train)
            self.user_factors_ = self.solve(train.interactions.csr, self.item_factors_)
            self.estimate_priors(train.interactions.csr)
        self.prior_choice_: dict[str, float] = {}
        choose_prior(self, train, self.prior_choice_, PRIORS)
        return self

    def estimate_priors(self, pairs: CSR) -> None:
        """Set what is known of a new entity of each side, from factors and training pairs."""
        users, items = self.user_factors_, self.item_factors_
        self.priors_ = {
            "users": FactorPrior.of(users, items, pairs).state(),
            "items": FactorPrior.of(items, users, pairs.T.tocsr()).state(),
        }

    def prior(self, side: Side) -> FactorPrior:
        """Return what is known of a new entity of a side."""
        return FactorPrior(**self.fitted("priors_")[f"{side.value}s"])

    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, factors): learned, or the prior joined by the history."""
        learned, prior = self.fitted("user_factors_"), self.prior(Side.USER)
        across, chosen = self.item_factors_, self.prior_choice_
        return join_prior(users, learned, across, prior, chosen, self.solve)

    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, factors): learned, or solved from the support users."""
        return fold_in(items, self.fitted("item_factors_"), self.user_factors_, self.solve)

    def report(self) -> dict[str, Any]:
        """Return the settings of the prior."""
        return dict(self.fitted("prior_choice_"))

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

    def solve(self, history: CSR, across: FloatArray) -> FloatArray:
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
