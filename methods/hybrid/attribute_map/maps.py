"""Maps from attributes to factors that need no gradient: ridge regression and neighbours."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ....datasets.arrays import CSR, DoubleArray, FloatArray
from ....datasets.errors import NotApplicableError
from ...sparse_rows import keep_top_per_row, normalise_rows, scale_rows, sum_rows

_ROWS = 1024  # rows whose similarities are held at once
_LARGEST = 10_000  # rows or columns, whichever are fewer, of the system that is solved


@dataclass
class LinearMap:
    """Factors as a linear function of the attributes.

    Attributes
    ----------
    weights
        float32, (columns, factors).
    intercept
        float32, (factors,): the factor of an entity without attributes.
    """

    weights: FloatArray
    intercept: FloatArray

    @classmethod
    def of(cls, features: CSR, factors: FloatArray, regularization: float) -> "LinearMap":
        """Solve the ridge regression in the smaller of its two forms; the intercept is free.

        Raises
        ------
        NotApplicableError
            When both rows and columns are more than can be solved for.
        """
        rows, columns = features.shape
        if min(rows, columns) > _LARGEST:
            raise NotApplicableError(
                f"AttributeMap's linear map solves a system as large as the smaller of {rows} "
                f"entities and {columns} feature columns, at most {_LARGEST}; use "
                "mapping=knn or mapping=mlp"
            )
        wide, mean = features.astype(np.float64), factors.mean(axis=0, dtype=np.float64)
        centre = np.asarray(wide.mean(axis=0)).ravel() if columns else np.zeros(0)
        solve = _primal if columns <= rows else _dual
        weights = solve(wide, centre, factors - mean, regularization)
        intercept = mean - centre @ weights
        return cls(weights.astype(np.float32), intercept.astype(np.float32))

    def __call__(self, features: CSR) -> FloatArray:
        """Return float32 (rows, factors)."""
        mapped: FloatArray = np.asarray(features @ self.weights + self.intercept, np.float32)
        return mapped

    def for_group(self, group: str) -> Self:
        """Return this map: one answers all groups."""
        return self

    def size(self) -> int:
        """Return how many numbers were learned."""
        return int(self.weights.size + self.intercept.size)

    def state(self) -> dict[str, Any]:
        """Return the learned arrays."""
        return dict(vars(self))


# Ridge with a free intercept is ridge without one on centred rows Xc = X - 1 c' and centred
# targets Y. Xc is dense where X is sparse, so it is never made: its products are corrected instead.


def _primal(rows: CSR, centre: DoubleArray, targets: DoubleArray, ridge: float) -> DoubleArray:
    """Return W = (Xc'Xc + lambda I)^-1 Xc'Y, a system of (columns, columns)."""
    # Xc'Xc = X'X - n c c'
    gram = (rows.T @ rows).toarray() - len(targets) * np.outer(centre, centre)
    gram[np.diag_indices_from(gram)] += ridge
    # 1'Y = 0, so the centre drops out on the right: Xc'Y = X'Y - c 1'Y.
    return np.asarray(np.linalg.solve(gram, rows.T @ targets), np.float64)


def _dual(rows: CSR, centre: DoubleArray, targets: DoubleArray, ridge: float) -> DoubleArray:
    """Return the same W as Xc'(Xc Xc' + lambda I)^-1 Y, a system of (rows, rows)."""
    # (Xc'Xc + lambda I) Xc' = Xc'(Xc Xc' + lambda I); multiply by both inverses.
    # Xc Xc' = X X' - (X c) 1' - 1 (X c)' + c'c
    gram, lean = (rows @ rows.T).toarray(), rows @ centre
    gram += centre @ centre - lean[:, None] - lean[None, :]
    gram[np.diag_indices_from(gram)] += ridge
    # 1'Xc = 0 and 1'Y = 0, so the solution sums to zero over the rows and the centre drops out of
    # Xc' = X' - c 1' on the left.
    return np.asarray(rows.T @ np.linalg.solve(gram, targets), np.float64)


@dataclass
class NearestMap:
    """Factors as the mean over the most similar training entities, weighted by the cosine.

    Attributes
    ----------
    vectors
        CSR float32, (training entities, columns): attributes of length 1.
    factors
        float32, (training entities, factors).
    mean
        float32, (factors,): for an entity that resembles nobody.
    neighbours
        Most entities that take part.
    """

    vectors: CSR
    factors: FloatArray
    mean: FloatArray
    neighbours: int

    @classmethod
    def of(cls, features: CSR, factors: FloatArray, neighbours: int) -> "NearestMap":
        """Keep the training entities."""
        mean = factors.mean(axis=0, dtype=np.float64).astype(np.float32)
        return cls(normalise_rows(features), factors, mean, neighbours)

    def __call__(self, features: CSR) -> FloatArray:
        """Return float32 (rows, factors), computed a block of rows at a time."""
        mapped = np.empty((features.shape[0], self.factors.shape[1]), dtype=np.float32)
        vectors, trained = normalise_rows(features), self.vectors.T.tocsr()
        for at in range(0, len(mapped), _ROWS):
            mapped[at : at + _ROWS] = self._block(vectors[at : at + _ROWS] @ trained)
        return mapped

    def _block(self, cosines: CSR) -> FloatArray:
        # A negative weight would let the denominator be 0 or turn the mean into an extrapolation.
        cosines.data[cosines.data < 0] = 0
        cosines.eliminate_zeros()
        near = keep_top_per_row(cosines, self.neighbours)
        total = sum_rows(near, near.data.astype(np.float64))
        mapped: FloatArray = scale_rows(near, total) @ self.factors
        mapped[total == 0] = self.mean
        return mapped

    def for_group(self, group: str) -> Self:
        """Return this map: one answers all groups."""
        return self

    def size(self) -> int:
        """Return 0: everything kept is attributes and pretrained factors."""
        return 0

    def state(self) -> dict[str, Any]:
        """Return the kept arrays."""
        return dict(vars(self))
