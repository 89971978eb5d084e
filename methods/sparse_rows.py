"""Row operations on CSR matrices that several methods share, and weights of their columns."""

import numpy as np
from scipy.sparse import csr_matrix

from ..datasets.arrays import CSR, DoubleArray, FloatArray, LongArray


def binarise(matrix: CSR) -> CSR:
    """Return a CSR float32 matrix of ones at the stored entries of ``matrix``."""
    ones = np.ones(len(matrix.data), dtype=np.float32)
    return csr_matrix((ones, matrix.indices, matrix.indptr), shape=matrix.shape)


def expand_row_indices(matrix: CSR) -> LongArray:
    """Return int64, (entries,): the row of each stored entry."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def sum_rows(matrix: CSR, values: DoubleArray) -> DoubleArray:
    """Return float64, (rows,): sums of ``values``, one per stored entry of ``matrix``."""
    rows = expand_row_indices(matrix)
    return np.bincount(rows, weights=values, minlength=matrix.shape[0]).astype(np.float64)


def scale_rows(matrix: CSR, sizes: DoubleArray) -> CSR:
    """Return CSR float32: each row divided by its size; a row of size 0 becomes zero."""
    factor = np.divide(1.0, sizes, out=np.zeros(len(sizes)), where=sizes > 0)
    data = (matrix.data * factor[expand_row_indices(matrix)]).astype(np.float32)
    return csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def normalise_rows(matrix: CSR) -> CSR:
    """Return CSR float32 with rows of Euclidean length 1; a zero row stays zero."""
    squares = sum_rows(matrix, matrix.data.astype(np.float64) ** 2)
    return scale_rows(matrix, np.sqrt(squares))


def compute_idf(matrix: CSR) -> DoubleArray:
    """Return float64, (columns,): ``log((1 + n) / (1 + df)) + 1`` over the ``n`` rows.

    ``df`` is the number of rows in which a column is not 0.
    """
    rows, columns = matrix.shape  # with 1 added twice no weight is infinite and none is 0
    frequency = np.bincount(matrix.indices[matrix.data != 0], minlength=columns)
    return np.asarray(np.log((1 + rows) / (1 + frequency)) + 1, np.float64)


def keep_top_per_row(matrix: CSR, k: int) -> CSR:
    """Return CSR with the ``k`` largest stored entries of each row, ties to the lower column."""
    matrix = _candidates_per_row(matrix, k)
    rows = expand_row_indices(matrix)
    # By row, then value descending, then column: an entry's place in its row is its place in this
    # order less the entries of all rows before, ``indptr``.
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    rank = np.arange(len(order)) - matrix.indptr[rows]
    kept = np.sort(order[rank < k])  # back to the order of the columns
    counts = np.bincount(rows[kept], minlength=matrix.shape[0])
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return csr_matrix((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)


def _candidates_per_row(matrix: CSR, k: int) -> CSR:
    """Return the matrix without entries smaller than the ``k``-th largest of their row.

    Finding that one takes time in proportion to the row; only what is left need be sorted.
    """
    long = np.flatnonzero(np.diff(matrix.indptr) > k)
    if not len(long):
        return matrix
    kept = np.ones(len(matrix.data), dtype=bool)
    for start, end in zip(matrix.indptr[long], matrix.indptr[long + 1], strict=True):
        values = matrix.data[start:end]
        kept[start:end] = values >= np.partition(values, len(values) - k)[len(values) - k]
    ends = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return csr_matrix((matrix.data[kept], matrix.indices[kept], ends), shape=matrix.shape)


def mean_rows(history: CSR, across: FloatArray) -> FloatArray:
    """Return the mean row of ``across`` over each history; zero where it is empty."""
    counts = np.maximum(np.diff(history.indptr), 1).astype(np.float32)
    means: FloatArray = (binarise(history) @ across) / counts[:, None]
    return means
