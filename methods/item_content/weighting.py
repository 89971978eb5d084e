"""Feature vectors weighted as in text retrieval, then brought to length 1."""

from enum import Enum

import numpy as np
from scipy.sparse import csr_matrix

from ...datasets.arrays import CSR, DoubleArray
from ..base import Method
from ..sparse_rows import compute_idf, expand_row_indices, normalise_rows, sum_rows

_SATURATION, _LENGTH = 1.2, 0.75  # k1 and b of BM25, the values of Robertson and Zaragoza, 2009


class Weighting(str, Enum):
    """How the columns of a feature matrix are weighted before vectors are compared."""

    NONE = "none"
    TFIDF = "tfidf"
    BM25 = "bm25"


def compute_column_weights(features: CSR, weighting: Weighting) -> DoubleArray:
    """Return float64, (columns,): the inverse document frequency among the training rows.

    Parameters
    ----------
    features
        CSR of the training entities; no other row may enter.
    weighting
        ``tfidf`` takes ``log((1 + n) / (1 + df)) + 1``, ``bm25`` takes
        ``log(1 + (n - df + 0.5) / (df + 0.5))``, ``none`` takes 1.
    """
    rows, columns = features.shape
    if weighting is Weighting.TFIDF:
        return compute_idf(features)
    if weighting is Weighting.BM25:
        frequency = np.bincount(features.indices[features.data != 0], minlength=columns)
        # Robertson and Sparck Jones' log((n - df + 0.5) / (df + 0.5)) is negative where df > n / 2;
        # with 1 + inside the logarithm it is not.
        return np.asarray(np.log1p((rows - frequency + 0.5) / (frequency + 0.5)), np.float64)
    return np.ones(columns)


def compute_mean_length(features: CSR) -> float:
    """Return the mean over rows of the sum of absolute values, 1 where that is 0."""
    total = float(np.abs(features.data).sum(dtype=np.float64))
    return total / features.shape[0] if total else 1.0


def weight_rows(features: CSR, weights: DoubleArray, weighting: Weighting, mean: float) -> CSR:
    """Return CSR float32 of the same shape with weighted rows of length 1 (or 0).

    ``mean`` is the ``compute_mean_length`` of the training rows; only BM25 uses it.
    """
    values = features.data.astype(np.float64)
    if weighting is Weighting.BM25:
        # f (k1 + 1) / (f + k1 (1 - b + b length / mean length)): saturates in the frequency f,
        # and a long text needs a larger f for the same weight.
        size = np.abs(values)
        length = sum_rows(features, size)[expand_row_indices(features)] / mean
        room = _SATURATION * (1 - _LENGTH + _LENGTH * length)
        values = values * (_SATURATION + 1) / np.where(size > 0, size + room, 1)
    values *= weights[features.indices]
    return normalise_rows(csr_matrix((values, features.indices, features.indptr), features.shape))


class ColumnWeightedMethod(Method):
    """A method on item features whose columns are weighted by the training items.

    A subclass has the hyper-parameter ``weighting``; what is learned is added to its own.
    """

    weighting: Weighting
    weights_: DoubleArray
    mean_length_: float

    def fit_weights(self, features: CSR) -> CSR:
        """Learn the weights from the training items' features and return these, weighted."""
        self.weights_ = compute_column_weights(features, self.weighting)
        self.mean_length_ = compute_mean_length(features)
        return self.weigh(features)

    def weigh(self, features: CSR) -> CSR:
        """Return CSR float32 of the same shape: weighted rows of length 1 (or 0)."""
        weights = self.fitted("weights_")
        return weight_rows(features, weights, self.weighting, self.mean_length_)
