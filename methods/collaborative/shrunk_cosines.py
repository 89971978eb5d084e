"""The nearest rows by shrunk cosine, for item and user neighbours alike."""

import numpy as np

from ...datasets.arrays import CSR, DoubleArray, IntArray, LongArray
from ..sparse_rows import expand_row_indices, keep_top_per_row


def nearest_by_shrunk_cosine(
    rows: CSR,
    columns: CSR,
    column_sizes: DoubleArray,
    own: IntArray | LongArray,
    shrinkage: float,
    k: int,
) -> CSR:
    """Return CSR float32 (rows, columns): each row's ``k`` largest similarities, never to itself.

    Parameters
    ----------
    rows
        CSR (rows, d) of ones.
    columns
        CSR (d, columns) of ones: what rows are compared with, already transposed.
    column_sizes
        (columns,): ones in each column.
    own
        (rows,): which column a row itself is, -1 for none.
    shrinkage
        Added to the denominator.
    k
        Most similarities kept.
    """
    # Between sets, |A and B| / (sqrt(|A| |B|) + shrinkage). One common member of two small sets is
    # a cosine of up to 1 by luck; the shrinkage costs it most of that, and large overlaps little.
    common = rows @ columns
    row = expand_row_indices(common)
    sizes = np.diff(rows.indptr)[row] * column_sizes[common.indices]
    common.data = (common.data / (np.sqrt(sizes) + shrinkage)).astype(np.float32)
    common.data[common.indices == own[row]] = 0  # -1 is nobody's column
    common.eliminate_zeros()
    return keep_top_per_row(common, k)
