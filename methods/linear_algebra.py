"""Decompositions that several methods share: inverses in place, leading singular directions."""

import numpy as np

from ..datasets.arrays import CSR, DoubleArray

_ROWS = 512  # rows of a square matrix that are copied at once


def invert_positive_definite(matrix: DoubleArray, remedy: str) -> DoubleArray:
    """Return the inverse of a symmetric positive definite matrix, in its own memory.

    Parameters
    ----------
    matrix
        float64, in Fortran order, which LAPACK overwrites; it is lost.
    remedy
        What the error says when it fails.

    Raises
    ------
    numpy.linalg.LinAlgError
        When it is not positive definite in float64.
    """
    from scipy.linalg.lapack import dpotrf, dpotri

    if not len(matrix):
        return matrix
    # A = L L', then A^-1 from L: half the work of a general inverse, and no second matrix, which
    # for 15,000 items would be 1.7 GiB.
    inverse, failed = dpotrf(matrix, lower=1, overwrite_a=1)
    if not failed:
        inverse, failed = dpotri(inverse, lower=1, overwrite_c=1)
    if failed:
        raise np.linalg.LinAlgError(remedy)
    for at in range(0, len(inverse), _ROWS):  # LAPACK fills the lower half only
        end = at + _ROWS
        square = np.tril(inverse[at:end, at:end])
        inverse[at:end, at:end] = square + np.tril(square, -1).T
        inverse[at:end, end:] = inverse[end:, at:end].T
    return np.asarray(inverse, dtype=np.float64)


def leading_directions(matrix: CSR, rank: int, seed: int) -> tuple[DoubleArray, DoubleArray]:
    """Return the largest singular values, descending, and their right singular vectors.

    Parameters
    ----------
    matrix
        CSR float64 (rows, columns), both more than ``rank``.
    rank
        How many.
    seed
        Starts the iteration that finds them.

    Returns
    -------
    values, directions
        float64 (rank,) and (columns, rank).
    """
    from scipy.sparse.linalg import svds

    # Without a start vector of its own ARPACK draws one from a global generator, and the signs of
    # the vectors would change from run to run.
    start = np.random.default_rng(seed).standard_normal(min(matrix.shape))
    _, values, right = svds(matrix, k=rank, v0=start)
    order = np.argsort(-values)  # they come ascending
    return values[order], np.ascontiguousarray(right[order].T)
