"""Collaborative methods that answer for a cold item from edges to training users."""

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from ...datasets.arrays import CSR, DoubleArray, FloatArray
from ...datasets.world import Entities, TrainView
from ..base import Method
from ..sparse_rows import binarise

if TYPE_CHECKING:
    from ..collaborative.ease import EASE

_ROWS = 512  # items of the square matrices that are held at once


class Base(str, Enum):
    """Who takes the edges; each is the method of that name."""

    IMPLICIT_ALS = "implicit_als"
    ITEM_KNN = "item_knn"
    EASE = "ease"


def make_base(kind: Base, **settings: Any) -> Method:
    """Return an unfitted method.

    Parameters
    ----------
    settings
        Of the method, by name; where one is not given, or None, it keeps its default.
    """
    from ..collaborative.ease import EASE
    from ..collaborative.implicit_als import ImplicitALS
    from ..collaborative.item_knn import ItemKNN

    given = {name: value for name, value in settings.items() if value is not None}
    if kind is Base.EASE:
        return EASE(**given)
    return ItemKNN(**given) if kind is Base.ITEM_KNN else ImplicitALS(**given)


class CollaborativeBase:
    """A fitted collaborative method, asked about items with edges to training users.

    Attributes
    ----------
    method
        The fitted method.
    diagonal
        For EASE: float64, (items,), the diagonal of P = (X'X + lambda I)^-1; else empty.
    """

    def __init__(self, kind: Base, method: Method, diagonal: DoubleArray) -> None:
        self.kind, self.method, self.diagonal = kind, method, diagonal

    @classmethod
    def fit(cls, kind: Base, train: TrainView, **settings: Any) -> "CollaborativeBase":
        """Fit the method of that name; see ``make_base``."""
        method: Any = make_base(kind, **settings).fit(train)
        nothing = np.zeros(0)
        found = _recover_diagonal(method, train.interactions.csr) if kind is Base.EASE else nothing
        return cls(kind, method, found)

    @classmethod
    def restored(cls, kind: Base, state: dict[str, Any], **settings: Any) -> "CollaborativeBase":
        """Return what ``state`` was taken of."""
        method = make_base(kind, **settings)
        method.restore(state["method"])
        return cls(kind, method, state["diagonal"])

    def state(self) -> dict[str, Any]:
        """Return what was learned as arrays and numbers."""
        return {"method": self.method.state(), "diagonal": self.diagonal}

    def encode_items(self, items: Entities, edges: CSR, matrix: CSR) -> Any:
        """Return the candidates for ``score_block``.

        Parameters
        ----------
        edges
            CSR float32 (candidates, training users): those of cold candidates, of warm ones
            nothing is read.
        matrix
            CSR float32 (training users, training items): the training interactions.
        """
        if self.kind is Base.EASE:
            return self._solve_columns(items, edges, matrix)
        # Both fold a cold item in from its support; to them the edges are one.
        return self.method.encode_items(replace(items, history=edges))

    def score_block(self, users: Entities, encoded: Any) -> FloatArray:
        """Return float32 (users, candidates)."""
        if self.kind is Base.EASE:
            return np.asarray(binarise(users.history) @ encoded, dtype=np.float32)
        return self.method.score_block(users, encoded)

    def _solve_columns(self, items: Entities, edges: CSR, matrix: CSR) -> FloatArray:
        """Return float32 (training items, candidates): of EASE's B, or solved from the edges."""
        # The column of a new item with edges y is the ridge regression of y on all training items,
        # P X'y. For i != j, P_ij = -B_ij P_jj, so P v = v p - B (v p) with p the diagonal of P.
        weights = self.method.fitted("weights_")
        columns = np.empty((len(weights), len(items)), dtype=np.float32)
        warm, cold = np.flatnonzero(items.known >= 0), np.flatnonzero(items.known < 0)
        columns[:, warm] = weights[:, items.known[warm]]
        for at in range(0, len(cold), _ROWS):
            part = cold[at : at + _ROWS]
            common = (edges[part] @ matrix).toarray().T * self.diagonal[:, None]
            columns[:, part] = common - weights @ common.astype(np.float32)
        return columns


def _recover_diagonal(method: "EASE", matrix: CSR) -> DoubleArray:
    """Return float64, (items,): the diagonal of the inverse that EASE's weights were made from."""
    # Row j of X'X + lambda I times column j of P is 1: P_jj (G_jj + lambda - sum of G_ji B_ij).
    weights, gram = method.weights_, (matrix.T @ matrix).tocsr()
    explained = np.zeros(len(weights))
    for at in range(0, len(weights), _ROWS):
        rows = gram[at : at + _ROWS].toarray()
        columns = weights[:, at : at + _ROWS].T
        explained[at : at + _ROWS] = np.einsum("ij,ij->i", rows, columns, dtype=np.float64)
    found: DoubleArray = 1 / (gram.diagonal() + method.regularization - explained)
    return found
