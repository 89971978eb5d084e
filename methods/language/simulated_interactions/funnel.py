"""The wide end of the funnel: users whose tastes, learned from text vectors, fit an item."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from ....datasets.arrays import CSR, DoubleArray, FloatArray, LongArray
from ...item_content.inputs import CentredVectors
from ...linear_algebra import leading_directions
from ...sparse_rows import binarise, expand_row_indices, mean_rows

FEATURES = 7
"""Columns of ``describe``."""
_SHARPNESS = 10.0  # of the soft maximum over a history


class Filter(str, Enum):
    """How users are found for an item."""

    RIDGE = "ridge"  # one linear map per user, from the text vector to what it took
    COSINE = "cosine"  # cosine of the vector and the mean vector of the history
    RANDOM = "random"  # a control: any users


@dataclass
class Funnel:
    """What is known of training users and items, to say who will like an item by its text.

    Attributes
    ----------
    centre
        float32, (d,): the mean text vector of the training items, which is taken off all vectors.
    vectors
        float32, (items, d): those of the training items.
    matrix
        CSR float32 (users, items): the training interactions.
    weights
        float32, (d, users): each user's linear map, by ridge regression.
    activity
        float32, (users,): the share of the training items that each took; the map's intercept.
    profiles
        float32, (users, d): the mean vector of each history, at length 1.
    tastes, topics
        float32, (users, r) and (d, r): leading directions of the interactions, and the linear map
        from text vectors to the items' place in them.
    shares
        float64, (d + 1,): linear map from a text vector to the share of users, intercept last.
    """

    centre: FloatArray
    vectors: FloatArray
    matrix: CSR
    weights: FloatArray
    activity: FloatArray
    profiles: FloatArray
    tastes: FloatArray
    topics: FloatArray
    shares: DoubleArray

    @classmethod
    def of(cls, raw: FloatArray, matrix: CSR, ridge: float, rank: int, seed: int) -> "Funnel":
        """Learn from text vectors (items, d) and interactions CSR (users, items)."""
        centre = CentredVectors.of(raw).mean
        vectors = CentredVectors(centre)(raw)
        matrix = binarise(matrix)
        users, items = matrix.shape
        wide = vectors.astype(np.float64)
        # (T'T + ridge I)^-1 T' maps a column of one value per item to the weights of a vector.
        solve = np.linalg.solve(wide.T @ wide + ridge * np.eye(wide.shape[1]), wide.T)
        activity = np.asarray(matrix.sum(axis=1), np.float64).ravel() / max(1, items)
        weights = (matrix @ solve.T).T - np.outer(solve.sum(axis=1), activity)
        popular = np.asarray(matrix.sum(axis=0), np.float64).ravel() / max(1, users)
        mean = float(popular.mean()) if items else 0.0
        rank = min(rank, min(matrix.shape) - 1)
        directions = np.zeros((items, 0))
        if rank > 0:
            directions = leading_directions(matrix.astype(np.float64), rank, seed)[1]
        return cls(
            centre,
            vectors,
            matrix,
            np.asarray(weights, np.float32),
            activity.astype(np.float32),
            _unit(mean_rows(matrix, vectors)),
            (matrix @ directions).astype(np.float32),
            (solve @ directions).astype(np.float32),
            np.append(solve @ (popular - mean), mean),
        )

    def state(self) -> dict[str, Any]:
        """Return its arrays, by name."""
        return dict(vars(self))

    def move(self, raw: FloatArray) -> FloatArray:
        """Return text vectors (items, d) around the training items' mean, at length 1."""
        return CentredVectors(self.centre)(raw)

    def predict_shares(self, moved: FloatArray) -> DoubleArray:
        """Return float64, (items,): the share of users who will take each item, 0 at the least."""
        found: DoubleArray = np.maximum(moved @ self.shares[:-1] + self.shares[-1], 0)
        return found

    def rate_users(self, moved: FloatArray, kind: Filter) -> FloatArray:
        """Return float32 (items, users): how well each user fits, by the filter."""
        if kind is Filter.COSINE:
            fits: FloatArray = moved @ self.profiles.T
            return fits
        likely: FloatArray = moved @ self.weights + self.activity
        return likely

    def describe(self, moved: FloatArray, chosen: LongArray) -> DoubleArray:
        """Return float64 (users, 7): what is known of one item and each of some users.

        The ridge score, the cosine of vector and profile, the score by leading directions, the
        largest and the soft maximum of the cosines to items of the history, log(1 + items in the
        history) and the item's expected share of users.

        Parameters
        ----------
        moved
            float32, (d,): the item's vector.
        chosen
            int64, (users,).
        """
        history = self.matrix[chosen]
        row, sizes = expand_row_indices(history), np.diff(history.indptr)
        alike = (self.vectors @ moved).astype(np.float64)[history.indices]
        nearest = np.full(len(chosen), -1.0)
        np.maximum.at(nearest, row, alike)
        heaped = np.bincount(row, weights=np.exp(_SHARPNESS * alike), minlength=len(chosen))
        soft = np.log(np.maximum(heaped, 1e-12) / np.maximum(sizes, 1)) / _SHARPNESS
        share = self.predict_shares(moved[None])[0]
        columns = (
            moved @ self.weights[:, chosen] + self.activity[chosen],
            self.profiles[chosen] @ moved,
            self.tastes[chosen] @ (moved @ self.topics),
            nearest,
            np.maximum(soft, -1.0),
            np.log1p(sizes),
            np.full(len(chosen), share),
        )
        return np.column_stack(columns).astype(np.float64)


def _unit(rows: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: FloatArray = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 1e-6)
    return found
