"""Pretrained factors that other methods learn from, computed once per training data."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from ...datasets.arrays import FloatArray
from ...datasets.cache import cache_arrays
from ...datasets.hashing import hash_content
from ...datasets.world import TrainView

if TYPE_CHECKING:
    from ..collaborative.implicit_als import ImplicitALS


def fit_pretrained_als(
    train: TrainView, *, factors: int, regularization: float, alpha: float
) -> "ImplicitALS":
    """Return weighted matrix factorisation fitted to training data, from the cache if it can.

    Parameters
    ----------
    train
        For its interactions, seed and threads; the first two decide what is found again.
    factors, regularization, alpha
        The settings of ``ImplicitALS``; the others keep their defaults.
    """
    import implicit

    pretrained = make_untrained_als(factors=factors, regularization=regularization, alpha=alpha)

    def make() -> dict[str, np.ndarray]:
        pretrained.fit(train)
        return {"users": pretrained.user_factors_, "items": pretrained.item_factors_}

    key = hash_content(implicit.__version__, asdict(pretrained), train.interactions.csr, train.seed)
    found = cache_arrays("als_factors", key, make)
    pretrained.user_factors_, pretrained.item_factors_ = found["users"], found["items"]
    pretrained.estimate_priors(train.interactions.csr)
    return pretrained


def fit_als_factors(
    train: TrainView, *, factors: int, regularization: float, alpha: float
) -> tuple[FloatArray, FloatArray]:
    """Return the pretrained model's float32 (users, factors) and (items, factors)."""
    pretrained = fit_pretrained_als(
        train, factors=factors, regularization=regularization, alpha=alpha
    )
    return pretrained.user_factors_, pretrained.item_factors_


def make_untrained_als(*, factors: int, regularization: float, alpha: float) -> "ImplicitALS":
    """Return the pretrained model with these settings, for a saved state to be restored into."""
    from ..collaborative.implicit_als import ImplicitALS

    # Who learns from the factors has a prior of its own: none is chosen for their method.
    return ImplicitALS(
        factors=factors,
        regularization=regularization,
        alpha=alpha,
        prior_strength=1.0,
        fold_in_weight=0.0,
    )
