"""Predicted ratings from item vectors and rated histories, in double precision."""

from dataclasses import dataclass

import numpy as np

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
    left = type(history)((above - offsets[rows] - qualities[items], items, history.indptr))
    left.resize(history.shape)
    own = candidates @ one.quality + one.bias
    profiles = (left @ training) / (sizes + one.prior)[:, None]
    ratings = one.mean + offsets[:, None] + own + one.likeness * (profiles @ candidates.T)

    places = np.full(len(training), -1)
    warm = np.flatnonzero(known >= 0)
    places[known[warm]] = warm
    shown = places[items] >= 0
    if shown.any():
        rows, items, above = rows[shown], items[shown], above[shown]
        rest = np.maximum(sizes[rows] - 1 + one.damping, 1e-12)
        without = (totals[rows] - above) / rest
        # Another offset changes what is left of every other rating: by the sum of their vectors.
        ones = type(history)((np.ones(history.nnz), history.indices, history.indptr))
        ones.resize(history.shape)
        vectors = training[items]
        sums = (left @ training)[rows] - (above - offsets[rows] - qualities[items])[:, None] * (
            vectors
        )
        sums += (offsets[rows] - without)[:, None] * ((ones @ training)[rows] - vectors)
        likeness = (sums * vectors).sum(axis=1) / (sizes[rows] - 1 + one.prior)
        values = one.mean + without + qualities[items] + one.likeness * likeness
        ratings[rows, places[items]] = values
    return np.asarray(ratings)
