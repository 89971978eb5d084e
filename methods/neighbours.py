"""Scores of a user as sums of the largest similarities between a candidate and the history."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, vstack

from ..datasets.arrays import CSR, FloatArray

_BYTES_KEPT = 1 << 30  # similarities up to this size are computed once and kept
_BYTES_AT_ONCE = 1 << 26  # beyond it they are computed anew for each block of users, in this size


@dataclass(frozen=True)
class Similarities:
    """Similarities of candidates to training items: kept when they fit, else made block by block.

    Attributes
    ----------
    n_candidates, n_trained
        The shape.
    compute
        ``compute(slice) -> float32 (candidates in the slice, n_trained)``.
    kept
        All of them, or None when they would be too large.
    """

    n_candidates: int
    n_trained: int
    compute: Callable[[slice], FloatArray]
    kept: FloatArray | None = None

    def sums(self, history: CSR, k: int) -> FloatArray:
        """Return float32 (users, candidates): sums of the ``k`` largest similarities.

        Parameters
        ----------
        history
            CSR (users, n_trained); the stored entries count, whatever their values.
        k
            How many similarities are summed; a shorter history gives all it has, an empty one 0.
        """
        from .compiled_neighbours import sum_largest

        scores = np.zeros((history.shape[0], self.n_candidates), dtype=np.float32)
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


def compute_similarities(
    n_candidates: int, n_trained: int, compute: Callable[[slice], FloatArray]
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
    return compute_similarities(
        vectors.shape[0], columns.shape[1], lambda part: (vectors[part] @ columns).toarray()
    )


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
    if k >= shape[1]:
        kept = [csr_matrix(np.maximum(block, 0)) for _, block in similarities.blocks()]
    else:
        kept = [_nearest(block, k) for _, block in similarities.blocks()]
    return vstack([csr_matrix((0, shape[1]), dtype=np.float32), *kept], format="csr")


def _nearest(block: FloatArray, k: int) -> CSR:
    last = np.maximum(np.partition(block, block.shape[1] - k, axis=1)[:, -k, None], 0)
    above = block > last
    level = (block == last) & (last > 0)
    free, tied = k - above.sum(axis=1), np.maximum(level.sum(axis=1), 1)
    kept = np.where(above, block, 0) + np.where(level, block * (free / tied)[:, None], 0)
    return csr_matrix(kept.astype(np.float32))
