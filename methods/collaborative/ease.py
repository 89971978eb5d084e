"""Item weights in closed form."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ...datasets.arrays import DoubleArray, FloatArray, IntArray
from ...datasets.errors import NotApplicableError
from ...datasets.parameters import Range, parameter
from ...datasets.world import Entities, TrainView
from ..base import Family, Method
from ..sparse_rows import binarise

_ROWS = 512  # rows of the square matrices that are copied at once


@dataclass
class EASE(Method):
    """Linear autoencoder over items with a zero diagonal, solved in closed form.

    Source: Steck, Embarrassingly Shallow Autoencoders for Sparse Data, 2019, equation 8:
    B = I - P diag(P)^-1 with P = (X'X + lambda I)^-1.
    Differs: nothing in the model. The paper's lambda was found per dataset (500 on ML-20M, the
    default here); memory is quadratic in the items, so beyond ``max_items`` it refuses. Warm and
    k-shot users are alike the history times B; an empty history scores 0, and so do cold items,
    whatever their support, since B has no column for them.
    """

    regularization: float = parameter(
        500.0, "lambda, added to the diagonal", minimum=1e-6, search=Range(1, 5000, log=True)
    )
    max_items: int = parameter(
        15_000, "training items beyond which the method refuses (12 bytes a pair)", minimum=1
    )

    family: ClassVar[Family] = Family.COLLABORATIVE
    uses_support: ClassVar[bool] = True

    def fit(self, train: TrainView) -> Self:
        """Invert the regularised co-occurrence matrix.

        Raises
        ------
        NotApplicableError
            When there are more than ``max_items`` training items.
        """
        self._refuse_too_many(len(train.items))
        matrix = train.interactions.csr
        common = (matrix.T @ matrix).toarray()  # float32: exact up to 2^24 users
        gram = common.T.astype(np.float64, order="F")  # the memory order that LAPACK overwrites
        del common
        gram[np.diag_indices_from(gram)] += self.regularization
        self.weights_ = _weights(_inverse(gram))
        return self

    def encode_items(self, items: Entities) -> IntArray:
        """Return int32, (candidates,): index in the training world, -1 for a cold item."""
        return items.known

    def score_block(self, users: Entities, items: IntArray) -> FloatArray:
        """Return float32 (users, candidates): history times the candidates' weights."""
        every = binarise(users.history) @ self.fitted("weights_")
        scores = np.zeros((len(users), len(items)), dtype=np.float32)
        scores[:, items >= 0] = every[:, items[items >= 0]]
        return scores

    def _refuse_too_many(self, n_items: int) -> None:
        if n_items > self.max_items:
            gib = 12 * n_items**2 / 2**30
            raise NotApplicableError(
                f"EASE inverts a matrix of items times items: {n_items} training items exceed "
                f"max_items = {self.max_items} and would take {gib:.1f} GiB; raise "
                f"method.max_items if that much memory is free"
            )


def _inverse(matrix: DoubleArray) -> DoubleArray:
    """Return the inverse of a symmetric positive definite matrix, in its memory.

    Raises
    ------
    numpy.linalg.LinAlgError
        When it is not positive definite in float64.
    """
    from scipy.linalg.lapack import dpotrf, dpotri

    if not len(matrix):
        return matrix
    inverse, failed = dpotrf(matrix, lower=1, overwrite_a=1)
    if not failed:
        inverse, failed = dpotri(inverse, lower=1, overwrite_c=1)
    if failed:
        raise np.linalg.LinAlgError("X'X + lambda I is singular: raise method.regularization")
    for at in range(0, len(inverse), _ROWS):  # LAPACK fills the lower half only
        end = at + _ROWS
        square = np.tril(inverse[at:end, at:end])
        inverse[at:end, at:end] = square + np.tril(square, -1).T
        inverse[at:end, end:] = inverse[end:, at:end].T
    return np.asarray(inverse, dtype=np.float64)


def _weights(inverse: DoubleArray) -> FloatArray:
    """Return float32 B: 0 on the diagonal, elsewhere -P[i, j] / P[j, j]."""
    weights = np.empty(inverse.shape, dtype=np.float32)
    diagonal = inverse.diagonal()
    for at in range(0, len(inverse), _ROWS):
        weights[at : at + _ROWS] = -inverse[at : at + _ROWS] / diagonal
    np.fill_diagonal(weights, 0)
    return weights
