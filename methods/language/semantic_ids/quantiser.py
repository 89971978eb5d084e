"""Residual quantisation: a vector as one code after another, each of what the earlier ones miss."""

from dataclasses import dataclass

import numpy as np

from ....datasets.arrays import FloatArray, LongArray
from ...training.seeding import numpy_generator

_ROUNDS = 30
"""Most rounds of Lloyd's algorithm; it mostly stands still before."""


@dataclass(frozen=True)
class Codebooks:
    """The centres of each level.

    Attributes
    ----------
    centres
        float32 (levels, codes, d).
    """

    centres: FloatArray

    def encode(self, vectors: FloatArray) -> LongArray:
        """Return int64 (vectors, levels): at each level the centre nearest to the residual."""
        rest, levels = vectors.astype(np.float64), len(self.centres)
        found = np.empty((len(vectors), levels), dtype=np.int64)
        for level, centres in enumerate(self.centres.astype(np.float64)):
            found[:, level] = _find_nearest(rest, centres)
            rest = rest - centres[found[:, level]]
        return found

    def decode(self, codes: LongArray) -> FloatArray:
        """Return float32 (codes, d): the sum of the centres of each row of codes."""
        made: FloatArray = self.centres[np.arange(codes.shape[1]), codes].sum(axis=1)
        return made


def fit_codebooks(vectors: FloatArray, levels: int, codes: int, seed: int) -> Codebooks:
    """Fit the centres of one level after another by k-means on what the earlier ones miss.

    Source: Rajput et al., NeurIPS 2023, section 3.1 (residual quantisation).
    Differs: k-means with k-means++ seeds on the vectors themselves, instead of an autoencoder.

    Parameters
    ----------
    vectors
        float32 (items, d), of the training items alone.
    levels, codes
        How many codes a vector gets, and of how many each is one.
    """
    rest = vectors.astype(np.float64)
    centres = np.empty((levels, codes, vectors.shape[1]), dtype=np.float32)
    for level in range(levels):
        centres[level] = _fit_centres(rest, codes, numpy_generator(seed, level))
        rest = rest - centres[level][_find_nearest(rest, centres[level])]
    return Codebooks(centres)


def _find_nearest(vectors: np.ndarray, centres: np.ndarray) -> LongArray:
    distances = np.square(centres).sum(axis=1) - 2 * vectors @ centres.T
    found: LongArray = distances.argmin(axis=1)
    return found


def _fit_centres(vectors: np.ndarray, codes: int, rng: np.random.Generator) -> np.ndarray:
    centres = _draw_seeds(vectors, codes, rng)
    nearest = _find_nearest(vectors, centres)
    for _ in range(_ROUNDS):
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, vectors)
        counts = np.bincount(nearest, minlength=codes)
        # A centre without vectors stays where it is.
        centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres)
        before, nearest = nearest, _find_nearest(vectors, centres)
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
