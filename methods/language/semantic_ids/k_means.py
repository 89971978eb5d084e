"""K-means: Lloyd's algorithm from seeds that are far apart."""

import numpy as np

from ....datasets.arrays import LongArray
from ...training.seeding import numpy_generator

_ROUNDS = 30
"""Most rounds of Lloyd's algorithm; it mostly stands still before."""


def find_nearest(vectors: np.ndarray, centres: np.ndarray) -> LongArray:
    """Return int64, (vectors,): the centre nearest to each; of equal ones the first."""
    distances = np.square(centres).sum(axis=1) - 2 * vectors @ centres.T
    found: LongArray = distances.argmin(axis=1)
    return found


def fit_centres(vectors: np.ndarray, codes: int, seed: int, level: int) -> np.ndarray:
    """Return float64 (codes, d): centres of float64 (vectors, d).

    Parameters
    ----------
    seed, level
        Decide the first centres.
    """
    centres = _draw_seeds(vectors, codes, numpy_generator(seed, level))
    nearest = find_nearest(vectors, centres)
    for _ in range(_ROUNDS):
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, vectors)
        counts = np.bincount(nearest, minlength=codes)
        # A centre without vectors stays where it is.
        centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres)
        before, nearest = nearest, find_nearest(vectors, centres)
        if np.array_equal(before, nearest):
            break
    return centres


def _draw_seeds(vectors: np.ndarray, codes: int, rng: np.random.Generator) -> np.ndarray:
    """Return first centres, each far from those before (k-means++)."""
    chosen = [int(rng.integers(len(vectors)))]
    nearest = np.square(vectors - vectors[chosen[0]]).sum(axis=1)
    for _ in range(1, codes):
        total = nearest.sum()
        shares = nearest / total if total > 1e-12 else None
        chosen.append(int(rng.choice(len(vectors), p=shares)))
        nearest = np.minimum(nearest, np.square(vectors - vectors[chosen[-1]]).sum(axis=1))
    return vectors[chosen]
