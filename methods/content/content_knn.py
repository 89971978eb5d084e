"""Candidates that resemble what the user liked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ...datasets.arrays import CSR, FloatArray
from ...datasets.sides import Side
from ...datasets.world import Entities, TrainView
from ..base import Family, Method, Need
from ..parameters import Choices, Range, parameter
from .weighting import Weighting, column_weights, mean_length, weighted

_BYTES_KEPT = 1 << 30  # similarities up to this size are computed once and kept
_BYTES_AT_ONCE = 1 << 26  # beyond it, they are computed in blocks of this size


@dataclass(frozen=True)
class _Candidates:
    """Encoded candidates: their vectors, and their similarities where these are kept."""

    vectors: CSR
    similarity: FloatArray | None


@dataclass
class ContentKNN(Method):
    """Sum of the largest cosines between a candidate's features and the history's items.

    Source: Lops, de Gemmis and Semeraro, Content-based Recommender Systems: State of the Art and
    Trends, 2011, section 3.3.1 (nearest neighbours on weighted vectors, cosine).
    Differs: liked items only, so the k nearest vote with their similarity; document frequencies
    come from training items alone. A user's number of voters is the same for every candidate, so
    sum and mean rank alike. A user without history ties all candidates.
    """

    neighbours: int = parameter(
        5, "largest similarities that are summed", minimum=1, search=Range(1, 100, log=True)
    )
    weighting: Weighting = parameter(
        Weighting.TFIDF, "weights of the feature columns", search=Choices(tuple(Weighting))
    )

    family: ClassVar[Family] = Family.CONTENT
    reference: ClassVar[bool] = True
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_FEATURES})
    requires: ClassVar[tuple[str, ...]] = ("numba",)

    def fit(self, train: TrainView) -> Self:
        """Weight the columns by the training items and keep their vectors."""
        self.weights_ = column_weights(train.items.features, self.weighting)
        self.mean_length_ = mean_length(train.items.features)
        self.vectors_ = self._weighted(train.items)
        return self

    def encode_items(self, items: Entities) -> _Candidates:
        """Return the candidates' vectors, and similarities to the training items if these fit."""
        trained = self.fitted("vectors_").shape[0]
        vectors = self._weighted(items)
        if 4 * len(items) * trained > _BYTES_KEPT:
            return _Candidates(vectors, None)
        similarity = np.empty((len(items), trained), dtype=np.float32)
        for at, block in self._similarities(vectors):
            similarity[at : at + len(block)] = block
        return _Candidates(vectors, similarity)

    def score_block(self, users: Entities, items: _Candidates) -> FloatArray:
        """Return float32 (users, candidates); 0 for a user without history."""
        from ._top_k_kernels import add_top_k

        history = users.history
        scores = np.zeros((len(users), items.vectors.shape[0]), dtype=np.float32)
        if items.similarity is not None:
            blocks = iter([(0, items.similarity)])
        else:
            blocks = self._similarities(items.vectors)
        for at, block in blocks:
            into = scores[:, at : at + len(block)]
            add_top_k(block, history.indptr, history.indices, self.neighbours, into)
        return scores

    def _weighted(self, items: Entities) -> CSR:
        return weighted(items.features, self.weights_, self.weighting, self.mean_length_)

    def _similarities(self, vectors: CSR) -> Iterator[tuple[int, FloatArray]]:
        """Yield (first candidate, float32 cosines to all training items), a block at a time."""
        trained = self.vectors_.T.tocsr()
        rows = max(1, _BYTES_AT_ONCE // (4 * max(1, trained.shape[1])))
        for at in range(0, vectors.shape[0], rows):
            yield at, (vectors[at : at + rows] @ trained).toarray()
