"""Ridge regression from item features to what each user liked."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Self

import numpy as np

from ...datasets.arrays import CSR, DoubleArray, FloatArray
from ...datasets.errors import NotApplicableError
from ...datasets.parameters import Choices, Range, parameter
from ...datasets.side_information import Side
from ...datasets.world import Entities, Query, TrainView
from ..base import Family, Need
from ..linear_algebra import invert_positive_definite
from ..sparse_rows import binarise, sum_rows
from .weighting import ColumnWeightedMethod, Weighting

_ROWS = 1024  # rows of the kernel matrix that are computed at once


class Kernel(str, Enum):
    """Similarity of two unit vectors with cosine c."""

    LINEAR = "linear"  # c
    RBF = "rbf"  # exp(-gamma |x - y|^2)


@dataclass
class KernelRidge(ColumnWeightedMethod):
    """One ridge regression per user, from item features to the history, solved in dual form.

    Source: Saunders, Gammerman and Vovk, Ridge Regression Learning Algorithm in Dual Variables,
    1998: prediction y' (K + lambda I)^-1 k.
    Differs: the target is the whole training column of a user, 0 where nothing was observed, so
    one Cholesky factor serves all users and k-shot users too. For ratings each user has a
    regression of its own on its rated items, on the deviations from its damped mean.
    """

    kernel: Kernel = parameter(Kernel.RBF, "similarity of two items", search=Choices(tuple(Kernel)))
    regularization: float = parameter(
        10.0, "lambda, added to the diagonal", minimum=1e-6, search=Range(0.01, 100, log=True)
    )
    gamma: float = parameter(
        1.0, "width of the rbf kernel", minimum=1e-6, search=Range(0.1, 10, log=True)
    )
    weighting: Weighting = parameter(
        Weighting.NONE, "weights of the feature columns", search=Choices(tuple(Weighting))
    )
    max_items: int = parameter(
        15_000, "training items beyond which the method refuses (8 bytes a pair)", minimum=1
    )
    damping: float = parameter(5.0, "for ratings: imagined ratings at the global mean", minimum=0)

    family: ClassVar[Family] = Family.CONTENT
    reference: ClassVar[bool] = True
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_FEATURES})

    def fit(self, train: TrainView) -> Self:
        """Invert the regularised kernel matrix of the training items.

        The inverse costs as much as one solve for each of them, and answers for every candidate:
        that of a known item is a column of it. Regularised, the matrix is well conditioned.

        Raises
        ------
        NotApplicableError
            With more than ``max_items`` training items.
        """
        self._refuse_beyond_limit(len(train.items))
        self.vectors_ = self.fit_weights(train.items.features)
        values = train.interactions.values
        self.mean_ = float(values.mean(dtype=np.float64)) if len(values) else 0.0
        gram = self._compare(self.vectors_, self.vectors_)
        gram[np.diag_indices_from(gram)] += self.regularization
        self.inverse_ = invert_positive_definite(
            gram.T,  # the same matrix, it being symmetric, in the memory order that LAPACK needs
            "the kernel matrix cannot be inverted: raise method.regularization",
        )
        return self

    def encode_items(self, items: Entities) -> FloatArray:
        """Return float32 (training items, candidates): what one liked item adds to each score."""
        # A user's scores y'(K + lambda I)^-1 k, y its column of ones and zeros, are sums of rows
        # of (K + lambda I)^-1 k over its history: the weights alpha = (K + lambda I)^-1 y of the
        # dual form are never made, and a k-shot user costs k additions a candidate.
        inverse = self.fitted("inverse_")
        influence = np.empty((len(inverse), len(items)), dtype=np.float32)
        warm, cold = np.flatnonzero(items.known >= 0), np.flatnonzero(items.known < 0)
        for at in range(0, len(cold), _ROWS):
            part = cold[at : at + _ROWS]
            across = self._compare(self.weigh(items.features[part]), self.vectors_)
            influence[:, part] = inverse @ across.T
        for at in range(0, len(warm), _ROWS):  # (K + lambda I)^-1 K = I - lambda (K + lambda I)^-1
            part = warm[at : at + _ROWS]
            known = items.known[part]
            columns = -self.regularization * inverse[:, known]
            columns[known, np.arange(len(known))] += 1
            influence[:, part] = columns
        return influence

    def score_block(self, users: Entities, items: FloatArray) -> FloatArray:
        """Return float32 (users, candidates): history times influence."""
        scores: FloatArray = np.asarray(binarise(users.history) @ items, dtype=np.float32)
        return scores

    def predict(self, query: Query) -> FloatArray:
        """Return float32 predicted ratings, (users, candidates)."""
        vectors = self.weigh(query.items.features)
        history = query.users.history
        sizes = np.diff(history.indptr) + self.damping
        offsets = sum_rows(history, history.data - self.mean_) / np.where(sizes > 0, sizes, 1)
        ratings = np.repeat((self.mean_ + offsets)[:, None], len(query.items), axis=1)
        # Each user has its own rated items, hence a system of its own, as large as its history.
        for user in np.flatnonzero(np.diff(history.indptr)):
            rated = history[user]
            residuals = rated.data - self.mean_ - offsets[user]
            ratings[user] += self._regress(self.vectors_[rated.indices], residuals, vectors)
        return ratings.astype(np.float32)

    def _regress(self, seen: CSR, targets: DoubleArray, candidates: CSR) -> DoubleArray:
        """Return float64, (candidates,): the ridge prediction from the ``seen`` rows' targets."""
        gram = self._compare(seen, seen)
        gram[np.diag_indices_from(gram)] += self.regularization
        predicted: DoubleArray = self._compare(candidates, seen) @ np.linalg.solve(gram, targets)
        return predicted

    def _compare(self, left: CSR, right: CSR) -> DoubleArray:
        """Return the kernel matrix, float64 (left rows, right rows); zero vectors have length 0."""
        found = np.empty((left.shape[0], right.shape[0]))
        across = right.T.astype(np.float64)
        for at in range(0, left.shape[0], _ROWS):
            block = left[at : at + _ROWS].astype(np.float64)
            found[at : at + _ROWS] = (block @ across).toarray()
        if self.kernel is Kernel.RBF:
            # exp(-gamma |x - y|^2) with |x - y|^2 = |x|^2 - 2 x.y + |y|^2, in place; rounding may
            # leave a tiny negative square. Rows have length 1, or 0 without features.
            found *= -2
            found += _squares(left)[:, None]
            found += _squares(right)[None, :]
            np.maximum(found, 0, out=found)
            found *= -self.gamma
            np.exp(found, out=found)
        return found

    def _refuse_beyond_limit(self, items: int) -> None:
        if items > self.max_items:
            raise NotApplicableError(
                f"KernelRidge holds a kernel matrix of {items} x {items} training items "
                f"({8 * items**2 / 2**30:.1f} GiB), more than max_items={self.max_items} allows; "
                "raise max_items if the memory is there, or use content_knn"
            )


def _squares(rows: CSR) -> DoubleArray:
    """Return float64, (rows,): squared lengths."""
    return sum_rows(rows, rows.data.astype(np.float64) ** 2)
