"""Scores of a user as sums of the largest similarities between a candidate and the history."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, vstack

from ..datasets.arrays import CSR, FloatArray, LongArray

_BYTES_KEPT = 1 << 30  # similarities up to this size are computed once and kept
_BYTES_AT_ONCE = 1 << 26  # beyond it they are computed anew for each block of users, in this size
_SPARSE_SHARE = 0.1  # of the cells: with fewer that are not 0, only these are kept and visited
_SAMPLE = 64  # candidates that tell at once that a product is not sparse

Part = slice | LongArray


@dataclass(frozen=True)
class Similarities:
    """Similarities of candidates to training items: kept when they fit, else made block by block.

    Attributes
    ----------
    n_candidates, n_trained
        The shape.
    compute
        ``compute(part) -> float32 (candidates of the part, n_trained)``.
    kept
        All of them; None when they would be too large, or are kept sparse.
    sparse
        All of them as CSR, where few are positive and none is negative.
    """

    n_candidates: int
    n_trained: int
    compute: Callable[[Part], FloatArray]
    kept: FloatArray | None = None
    sparse: CSR | None = None

    def sums(self, history: CSR, k: int) -> FloatArray:
        """Return float32 (users, candidates): sums of the ``k`` largest similarities.

        Parameters
        ----------
        history
            CSR (users, n_trained); the stored entries count, whatever their values.
        k
            How many similarities are summed; a shorter history gives all it has, an empty one 0.
        """
        from .compiled_neighbours import sum_largest, sum_largest_of_sparse

        scores = np.zeros((history.shape[0], self.n_candidates), dtype=np.float32)
        if self.sparse is not None:
            owners = csr_matrix(history).tocsc()
            found = self.sparse.indptr, self.sparse.indices, self.sparse.data
            sum_largest_of_sparse(*found, owners.indptr, owners.indices, k, scores)
            return scores
        for at, block in self.blocks():
            into = scores[:, at : at + len(block)]
            sum_largest(block, history.indptr, history.indices, k, into)
        return scores

    def blocks(self) -> Iterator[tuple[int, FloatArray]]:
        """Yield the first candidate of each block and its float32 (candidates, n_trained)."""
        if self.kept is not None:
            yield 0, self.kept
            return
        for part in _slices(self.n_candidates, self.n_trained):
            yield part.start, self.compute(part)

    def take(self, candidates: LongArray) -> "Similarities":
        """Return those of some candidates."""
        kept = None if self.kept is None else self.kept[candidates]
        sparse = None if self.sparse is None else self.sparse[candidates]
        count = len(candidates)
        return Similarities(
            count, self.n_trained, lambda part: self.compute(candidates[part]), kept, sparse
        )


def compute_similarities(
    n_candidates: int, n_trained: int, compute: Callable[[Part], FloatArray]
) -> Similarities:
    """Return the similarities that ``compute`` gives, kept in memory up to 1 GiB."""
    if 4 * n_candidates * n_trained > _BYTES_KEPT:
        return Similarities(n_candidates, n_trained, compute)
    kept = np.empty((n_candidates, n_trained), dtype=np.float32)
    for part in _slices(n_candidates, n_trained):
        kept[part] = compute(part)
    return Similarities(n_candidates, n_trained, compute, kept)


def compute_cosines(vectors: CSR, trained: CSR) -> Similarities:
    """Return the products of candidates' rows with training items' rows, all of length 1 or 0."""
    columns = trained.T.tocsr()
    shape = vectors.shape[0], columns.shape[1]

    def compute(part: Part) -> FloatArray:
        dense: FloatArray = (vectors[part] @ columns).toarray()
        return dense

    sparse = _multiply_sparse(vectors, columns)
    if sparse is not None:
        return Similarities(*shape, compute, sparse=sparse)
    return compute_similarities(*shape, compute)


def _multiply_sparse(vectors: CSR, columns: CSR) -> CSR | None:
    """Return the product, or None where it has too many values, or negative ones."""
    shape = vectors.shape[0], columns.shape[1]
    sample = vectors[:: max(1, shape[0] // _SAMPLE)]
    if (sample @ columns).nnz > _SPARSE_SHARE * sample.shape[0] * shape[1]:
        return None
    most = min(_SPARSE_SHARE * shape[0] * shape[1], _BYTES_KEPT / 8)
    parts, found = [csr_matrix((0, shape[1]), dtype=np.float32)], 0
    for part in _slices(*shape):
        product = csr_matrix(vectors[part] @ columns)
        product.sort_indices()  # sums over a row are then those over the dense one, bit by bit
        found += product.nnz
        if found > most or (product.data < 0).any():
            return None
        parts.append(product)
    return vstack(parts, format="csr")


def _slices(n_candidates: int, n_trained: int) -> Iterator[slice]:
    step = max(1, _BYTES_AT_ONCE // (4 * max(1, n_trained)))
    for at in range(0, n_candidates, step):
        yield slice(at, min(at + step, n_candidates))


def keep_nearest(similarities: Similarities, k: int) -> CSR:
    """Return CSR float32 (candidates, training items): the ``k`` largest, if positive, of each row.

    Where several tie for the last places, each has an equal share of these: the mean over all
    ways to break the tie, which the order of the items must not.
    """
    shape = similarities.n_candidates, similarities.n_trained
    if similarities.sparse is not None:
        return _nearest_of_sparse(similarities.sparse, k)
    kept = [csr_matrix((0, shape[1]), dtype=np.float32)]
    for _, block in similarities.blocks():
        for part in _slices(*block.shape):
            rows = block[part]
            kept.append(csr_matrix(np.maximum(rows, 0)) if k >= shape[1] else _nearest(rows, k))
    return vstack(kept, format="csr")


def _nearest(block: FloatArray, k: int) -> CSR:
    last = np.maximum(np.partition(block, block.shape[1] - k, axis=1)[:, -k, None], 0)
    above = block > last
    level = (block == last) & (last > 0)
    free, tied = k - above.sum(axis=1), np.maximum(level.sum(axis=1), 1)
    kept = np.where(above, block, 0) + np.where(level, block * (free / tied)[:, None], 0)
    return csr_matrix(kept.astype(np.float32))


def _nearest_of_sparse(similarities: CSR, k: int) -> CSR:
    """Do the same from the positive values alone; none is negative."""
    count, sizes = similarities.shape[0], np.diff(similarities.indptr)
    rows, values = np.repeat(np.arange(count), sizes), similarities.data
    order = np.lexsort((-values, rows))
    last = np.zeros(count, dtype=np.float32)
    many = np.flatnonzero(sizes >= k)
    last[many] = values[order[similarities.indptr[many] + k - 1]]
    above, level = values > last[rows], values == last[rows]
    free = k - np.bincount(rows[above], minlength=count)
    tied = np.maximum(np.bincount(rows[level], minlength=count), 1)
    kept = np.where(above, values, np.where(level, values * (free / tied)[rows], 0))
    found = csr_matrix(
        (kept.astype(np.float32), similarities.indices, similarities.indptr), similarities.shape
    )
    found.eliminate_zeros()
    return found
