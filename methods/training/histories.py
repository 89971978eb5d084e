"""A part of a history stands for all of it while a network is trained."""

import numpy as np
from scipy.sparse import csr_matrix

from ...datasets.arrays import CSR
from ..sparse_rows import expand_row_indices


def short_histories(history: CSR, longest: int, rng: np.random.Generator) -> CSR:
    """Return CSR float32 ones: a random 1 to ``longest`` of each row's entries, indices sorted.

    Parameters
    ----------
    history
        CSR (entities, entities of the other side).
    longest
        Most entries kept; each row draws its own number.
    rng
        Draws the numbers and the entries.
    """
    rows = expand_row_indices(history)
    order = np.lexsort((rng.random(history.nnz, dtype=np.float32), rows))
    place = np.arange(history.nnz) - history.indptr[rows]
    kept = place < rng.integers(1, longest + 1, history.shape[0])[rows]
    entries = (rows[kept], history.indices[order][kept])
    short = csr_matrix((np.ones(len(entries[0]), dtype=np.float32), entries), history.shape)
    short.sort_indices()
    return short
