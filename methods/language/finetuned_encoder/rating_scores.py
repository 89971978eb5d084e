"""Predicted ratings from item vectors and rated histories, in double precision."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from ....datasets.arrays import CSR, DoubleArray, IntArray
from ...sparse_rows import expand_row_indices, sum_rows


@dataclass(frozen=True)
class RatingWeights:
    """The learned numbers of a prediction, float64.

    Attributes
    ----------
    quality, bias
        (width,) and a number: what an item's vector tells of its rating by anyone.
    likeness
        What multiplies the product of profile and item.
    prior, damping
        Imagined ratings in a profile, and in a user's offset.
    mean
        Of the training ratings.
    """

    quality: DoubleArray
    bias: float
    likeness: float
    prior: float
    damping: float
    mean: float


def predict_ratings(
    weights: RatingWeights,
    history: CSR,
    training: DoubleArray,
    candidates: DoubleArray,
    known: IntArray,
) -> DoubleArray:
    """Return (users, candidates); a rating in the history takes no part in its own prediction.

    Parameters
    ----------
    history
        CSR (users, training items) of ratings.
    training, candidates
        (training items, width), (candidates, width).
    known
        (candidates,): training item of each candidate, -1 for a cold one.
    """
    one, rows = weights, expand_row_indices(history)
    items, sizes = history.indices, np.diff(history.indptr).astype(np.float64)
    above = history.data.astype(np.float64) - one.mean
    qualities = training @ one.quality + one.bias
    totals = sum_rows(history, above)
    offsets = totals / np.maximum(sizes + one.damping, 1e-12)
    # The profile is a sum of (rating - mean - offset - quality) times a vector over the history.
    residuals = above - offsets[rows] - qualities[items]
    sums = _with(history, residuals) @ training
    own = candidates @ one.quality + one.bias
    profiles = sums / (sizes + one.prior)[:, None]
    ratings = one.mean + offsets[:, None] + own + one.likeness * (profiles @ candidates.T)

    places = np.full(len(training), -1)
    warm = np.flatnonzero(known >= 0)
    places[known[warm]] = warm
    shown = places[items] >= 0
    if shown.any():
        user, item, rest = rows[shown], items[shown], sizes[rows[shown]] - 1
        without = (totals[user] - above[shown]) / np.maximum(rest + one.damping, 1e-12)
        vectors = training[item]
        # Another offset changes what is left of every other rating: by the sum of their vectors.
        others = (_with(history, np.ones(history.nnz)) @ training)[user] - vectors
        kept = sums[user] - residuals[shown][:, None] * vectors
        kept += (offsets[user] - without)[:, None] * others
        likeness = (kept * vectors).sum(axis=1) / (rest + one.prior)
        ratings[user, places[item]] = one.mean + without + qualities[item] + one.likeness * likeness
    return np.asarray(ratings)


def _with(history: CSR, values: DoubleArray) -> CSR:
    """Return a matrix that stores other values at the same places."""
    return csr_matrix((values, history.indices, history.indptr), shape=history.shape)
