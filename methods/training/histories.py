"""What stands for an entity that is known by its history: a mean row, of a part of it or all."""

import numpy as np
from scipy.sparse import csr_matrix

from ...datasets.arrays import CSR, FloatArray
from ..sparse_rows import binarise, expand_row_indices


def mean_rows(history: CSR, across: FloatArray) -> FloatArray:
    """Return the mean row of ``across`` over each history; zero where it is empty."""
    counts = np.maximum(np.diff(history.indptr), 1).astype(np.float32)
    means: FloatArray = (binarise(history) @ across) / counts[:, None]
    return means


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
