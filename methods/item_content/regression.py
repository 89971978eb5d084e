"""Kernel regression of one value per item around an unknown mean, with exact leave-one-out."""

import numpy as np

from ...datasets.arrays import DoubleArray


def solve_centred(inverse: DoubleArray, targets: DoubleArray) -> tuple[float, DoubleArray]:
    """Return the mean and the dual weights (K + lambda I)^-1 (t - mean).

    The mean is the one of generalised least squares, ``1'(K + lambda I)^-1 t`` over
    ``1'(K + lambda I)^-1 1``: of many items alike, each counts less.

    Parameters
    ----------
    inverse
        float64 (items, items): (K + lambda I)^-1.
    targets
        float64, (items,).
    """
    if not len(targets):
        return 0.0, targets
    ones = inverse.sum(axis=1)
    mean = float(ones @ targets / ones.sum())
    return mean, inverse @ targets - mean * ones


def predict_centred(mean: float, weights: DoubleArray, across: DoubleArray) -> DoubleArray:
    """Return float64, (candidates,): the mean plus ``across`` (candidates, items) times weights."""
    predicted: DoubleArray = mean + across @ weights
    return predicted


def leave_one_out_error(inverse: DoubleArray, targets: DoubleArray) -> float:
    """Return the mean squared error of each item's value predicted from all others.

    Source: Dubrule, Cross Validation of Kriging in a Unique Neighborhood, 1983: the residual of
    an item left out is ``(P t)_i / P_ii`` with ``P = A - A 1 1' A / (1' A 1)`` and A the inverse,
    the mean being estimated anew each time.
    """
    ones = inverse.sum(axis=1)
    diagonal = inverse.diagonal() - ones**2 / ones.sum()
    residuals = solve_centred(inverse, targets)[1] / diagonal
    return float(np.mean(residuals**2))
