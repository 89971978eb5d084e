"""Residual quantisation: a vector as one code after another, each of what the earlier ones miss."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from ....datasets.arrays import FloatArray, LongArray
from .k_means import find_nearest, fit_centres


class QuantiserKind(str, Enum):
    """What is learned to make codes of a vector."""

    RQ_VAE = "rq_vae"
    K_MEANS = "k_means"


class Quantiser(ABC):
    """Makes codes of vectors, also of those that it was not fitted on.

    Attributes
    ----------
    centres
        float32 (levels, codes, width): the codebooks.
    """

    centres: FloatArray

    @abstractmethod
    def encode(self, vectors: FloatArray) -> LongArray:
        """Return int64 (vectors, levels): at each level the code nearest to the residual."""

    @abstractmethod
    def decode(self, codes: LongArray) -> FloatArray:
        """Return float32 (items, d): the vectors that codes stand for."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return the learned arrays by name."""

    def count_weights(self) -> int:
        """Return how many numbers were learned."""
        return sum(int(array.size) for array in self.state().values())


@dataclass(frozen=True)
class Codebooks(Quantiser):
    """Codebooks of the vectors themselves; the sum of a vector's centres stands for it."""

    centres: FloatArray

    def encode(self, vectors: FloatArray) -> LongArray:
        """Return int64 (vectors, levels)."""
        rest, levels = vectors.astype(np.float64), len(self.centres)
        found = np.empty((len(vectors), levels), dtype=np.int64)
        for level, centres in enumerate(self.centres.astype(np.float64)):
            found[:, level] = find_nearest(rest, centres)
            rest = rest - centres[found[:, level]]
        return found

    def decode(self, codes: LongArray) -> FloatArray:
        """Return float32 (items, d)."""
        made: FloatArray = self.centres[np.arange(codes.shape[1]), codes].sum(axis=1)
        return made

    def state(self) -> dict[str, Any]:
        """Return the centres."""
        return {"centres": self.centres}


def fit_codebooks(vectors: FloatArray, levels: int, codes: int, seed: int) -> Codebooks:
    """Fit the centres of one level after another by k-means on what the earlier ones miss.

    Source: Rajput et al., NeurIPS 2023, section 3.1 (residual quantisation).
    Differs: k-means with k-means++ seeds on the vectors themselves, without an autoencoder.

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
        centres[level] = fit_centres(rest, codes, seed, level)
        rest = rest - centres[level][find_nearest(rest, centres[level])]
    return Codebooks(centres)


def measure_error(quantiser: Quantiser, vectors: FloatArray) -> float:
    """Return the squared error of the decoded vectors, as a share of their variance."""
    errors = vectors.astype(np.float64) - quantiser.decode(quantiser.encode(vectors))
    around = vectors - vectors.mean(axis=0, dtype=np.float64)
    return float(np.square(errors).sum() / max(np.square(around).sum(), 1e-12))
