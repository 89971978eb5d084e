"""Weights between items that rebuild a matrix of interactions, with a zero diagonal."""

import numpy as np

from ..datasets.arrays import CSR, DoubleArray, FloatArray
from .linear_algebra import invert_positive_definite

_ROWS = 512  # rows of the square matrices that are copied at once


def solve_item_weights(matrix: CSR, regularization: float) -> tuple[FloatArray, DoubleArray]:
    """Return the B with a zero diagonal that minimises |X - X B|^2 + lambda |B|^2.

    Source: Steck, Embarrassingly Shallow Autoencoders for Sparse Data, 2019, equation 8.

    Parameters
    ----------
    matrix
        CSR float32 (users, items): X, of ones.
    regularization
        lambda.

    Returns
    -------
    weights, diagonal
        float32 (items, items), B; float64, (items,), the diagonal of P = (X'X + lambda I)^-1.

    Raises
    ------
    numpy.linalg.LinAlgError
        When lambda is too small for the inverse.
    """
    # X'X counts for each two items the users who took both.
    common = (matrix.T @ matrix).toarray()  # float32: exact up to 2^24 users
    gram = common.T.astype(np.float64, order="F")  # the memory order that LAPACK overwrites
    del common
    gram[np.diag_indices_from(gram)] += regularization
    inverse = invert_positive_definite(
        gram, "X'X + lambda I is singular: raise method.regularization"
    )
    # By a Lagrange multiplier for each j: B = P (X'X - diag(gamma)) = I - P diag(gamma + lambda).
    # B_jj = 0 makes gamma_j + lambda 1 / P_jj, and B_ij = -P_ij / P_jj elsewhere. Without the
    # constraint B would be nearly the identity: an item predicts itself.
    weights = np.empty(inverse.shape, dtype=np.float32)
    diagonal = inverse.diagonal().copy()
    for at in range(0, len(inverse), _ROWS):
        weights[at : at + _ROWS] = -inverse[at : at + _ROWS] / diagonal
    np.fill_diagonal(weights, 0)
    return weights, diagonal
