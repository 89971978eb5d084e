"""Weighted matrix factorisation as revisited in 2022: exact solves, norms weighed by frequency."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...datasets.arrays import CSR, DoubleArray, FloatArray
from ...datasets.parameters import Choices, Range, parameter
from ...datasets.progress import count_progress
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..base import FactorMethod, Family
from ..factor_prior import FactorPrior
from ..prior_choice import choose_prior
from .folding_in import fold_in, join_prior

PRIORS = tuple({"prior_strength": one} for one in (10.0, 30.0, 3.0, 1.0, 0.3, 0.1, 0.03))
"""Strengths that are tried where none is given; the first is that without validation."""


@dataclass
class IALS(FactorMethod):
    """Factors that fit observed pairs to 1 and, weakly, all pairs to 0; busy rows shrink more.

    Source: Rendle, Krichene, Zhang and Koren, Revisiting the Performance of iALS on Item
    Recommendation Benchmarks, RecSys 2022: loss, frequency-scaled regularisation, first factors,
    and the settings for MovieLens 20M. The paper searches lambda and alpha0 anew for each dataset.
    Differs: factors have length 64; the preset ``ials_2022`` has 256, the paper up to 2048.
    After training every user gets the exact solution given the final item factors. Training items
    keep their factors; a new item is the solve from its support users, zero without any. The same
    solve would give a new user with a short history a factor near zero, worse than none: a new user
    is instead the posterior mean of a factor, given the mean and covariance of the training users'
    and the scores 1, up to the training pairs' error, of the history (``FactorPrior``); without a
    history it is the mean user. ``prior_strength`` multiplies that error; validation chooses it
    among 0.03, where the history is all that counts, 0.1, 0.3, 1, 3, 10 and 30, and without
    validation it is 10.
    """

    factors: int = parameter(
        64, "length of a factor", minimum=1, search=Choices((64, 128, 256, 512))
    )
    regularization: float = parameter(
        0.003, "lambda, weight of the norms", minimum=1e-9, search=Range(1e-4, 0.1, log=True)
    )
    exponent: float = parameter(
        1.0,
        "nu: a row's norm counts by its frequency to this power, 0 for all alike",
        minimum=0,
        maximum=2,
    )
    unobserved: float = parameter(
        0.1, "alpha0, weight of every pair", minimum=1e-6, search=Range(0.01, 1.0, log=True)
    )
    epochs: int = parameter(16, "sweeps over both sides", minimum=1, search=Range(5, 50))
    spread: float = parameter(0.1, "length of the first factors, about", minimum=1e-6)
    prior_strength: float | None = parameter(
        None,
        "weight of the mean user against a new user's history; None chooses by validation",
        minimum=1e-3,
    )

    version: ClassVar[int] = 3
    family: ClassVar[Family] = Family.COLLABORATIVE
    cold: ClassVar[frozenset[Side]] = frozenset({Side.USER})
    uses_support: ClassVar[bool] = True

    def fit(self, train: TrainView) -> Self:
        """Solve for all users, then for all items, in turn, and once more for the users."""
        history = train.interactions.csr
        support = history.T.tocsr()
        # Entries of spread / sqrt(d) give factors of a length that does not depend on d.
        normal = np.random.default_rng(train.seed).standard_normal((len(train.items), self.factors))
        self.item_factors_ = (normal * self.spread / self.factors**0.5).astype(np.float32)
        for _ in count_progress(range(self.epochs), train.progress, "epoch"):
            users = self._solve(history, self.item_factors_)
            self.item_factors_ = self._solve(support, users)
        self.user_factors_ = self._solve(history, self.item_factors_)
        self.prior_ = FactorPrior.of(self.user_factors_, self.item_factors_, history).state()
        self.prior_choice_: dict[str, float] = {}
        choose_prior(self, train, self.prior_choice_, PRIORS)
        return self

    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, factors): learned, or the prior joined by the history."""
        learned, prior = self.fitted("user_factors_"), FactorPrior(**self.prior_)
        return join_prior(users, learned, self.item_factors_, prior, self.prior_choice_)

    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, factors): learned, or solved from the support users."""
        return fold_in(items, self.fitted("item_factors_"), self.user_factors_, self._solve)

    def report(self) -> dict[str, Any]:
        """Return the strength of the prior."""
        return dict(self.fitted("prior_choice_"))

    def _solve(self, history: CSR, across: FloatArray) -> FloatArray:
        """Return float32 (rows, factors), the minimisers given the factors of the other side."""
        # Loss of one row x, with V the other side's factors and S its observed entries:
        #   sum over S of (x.v - 1)^2 + alpha0 sum over all v of (x.v)^2 + lambda_x |x|^2.
        # The gradient is zero where (alpha0 V'V + sum over S of v v' + lambda_x I) x = sum over S
        # of v. V'V (the Gramian) is made once for all rows, so a row costs what it has observed.
        wide = across.astype(np.float64)
        everyone = self.unobserved * (wide.T @ wide)
        counts = np.diff(history.indptr)
        # lambda_x = lambda (|S| + alpha0 n)^nu: at nu = 1 each pair carries its part of the norm,
        # as a step of stochastic gradient descent gives it.
        norms = self.regularization * (counts + self.unobserved * len(wide)) ** self.exponent
        found = np.zeros((history.shape[0], wide.shape[1]), dtype=np.float32)
        for row in np.flatnonzero(counts):
            liked = wide[history.indices[history.indptr[row] : history.indptr[row + 1]]]
            found[row] = _minimiser(everyone, liked, norms[row])
        return found


def _minimiser(everyone: DoubleArray, liked: DoubleArray, norm: float) -> DoubleArray:
    """Return the solution of (everyone + liked' liked + norm I) x = sum of liked."""
    from scipy.linalg.lapack import dposv

    # Positive definite, so a Cholesky solve; dposv reads the lower half only.
    system = everyone + liked.T @ liked
    system[np.diag_indices_from(system)] += norm
    _, solution, failed = dposv(system, liked.sum(axis=0), lower=1, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError("the normal equations are singular: raise regularization")
    return np.asarray(solution, dtype=np.float64)
