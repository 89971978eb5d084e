"""Raw ids to the indices ``0..n-1`` in the order of the ids."""

import numpy as np

from ...arrays import IntArray


def encode_densely(ids: np.ndarray) -> tuple[IntArray, np.ndarray]:
    """Return the position of each id among the distinct ids, and the distinct ids, sorted.

    A table of flags and a running count, five times as fast as sorting, where the largest id
    is of the order of the number of rows; else by sorting.

    Parameters
    ----------
    ids
        Whole numbers from 0 on, (rows,).

    Returns
    -------
    tuple
        int32 codes (rows,), and the distinct ids in the dtype given.
    """
    if len(ids) and int(ids.max()) <= 8 * len(ids) + 10_000_000:
        at = ids.astype(np.intp)
        seen = np.zeros(int(ids.max()) + 1, dtype=bool)
        seen[at] = True
        position = np.cumsum(seen, dtype=np.int32)
        position -= 1
        return position.take(at), np.flatnonzero(seen).astype(ids.dtype)
    distinct, codes = np.unique(ids, return_inverse=True)
    return codes.astype(np.int32), distinct
