"""What the nearest-neighbour methods on item content share: who votes, and the prior."""

from abc import abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

import numpy as np

from ...datasets.arrays import CSR, DoubleArray, FloatArray
from ...datasets.parameters import Choices, Range, parameter
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..base import Method
from ..neighbours import Similarities, keep_nearest
from ..sparse_rows import binarise
from .popularity_prior import (
    add_prior,
    choose_prior_weights,
    compute_shares,
    keep_known,
    report_prior,
)

PRIOR_WEIGHTS = (10.0, 1.0, 100.0)
"""Values that are tried where none is given."""
PRIOR_NEIGHBOURS = 100
"""Nearest training items whose popularity a new item is expected to have."""


class Neighbourhood(str, Enum):
    """Whose nearest items are summed."""

    USER = "user"  # of the user's history, the k that are nearest to the candidate
    ITEM = "item"  # of the candidate's k nearest training items, those in the history


@dataclass(frozen=True)
class Voters:
    """Candidates with what a history needs to score them.

    Attributes
    ----------
    similarities
        To all training items, for ``user``.
    nearest
        CSR float32 (training items, candidates): to each candidate's own k, for ``item``.
    prior
        float32, (candidates,): the share of users who take it, counted or expected.
    """

    similarities: Similarities | None
    nearest: CSR | None
    prior: FloatArray


@dataclass
class NeighbourMethod(Method):
    """Sum of similarities between a candidate and items of the history, plus its popularity.

    A subclass keeps the training items' vectors, compares them in ``compare_items`` and ends its
    ``fit`` by ``fit_prior``.
    """

    neighbours: int = parameter(
        5, "largest similarities that are summed", minimum=1, search=Range(1, 200, log=True)
    )
    neighbourhood: Neighbourhood = parameter(
        Neighbourhood.USER,
        "whose nearest items are summed: those of the history or those of the candidate",
        search=Choices(tuple(Neighbourhood)),
    )
    prior_weight: float | None = parameter(
        None,
        "weight of the share of users who take an item; None tries 1, 10 and 100 on validation",
        minimum=0,
        search=Range(0.1, 1000, log=True),
    )

    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    requires: ClassVar[tuple[str, ...]] = ("numba",)

    @abstractmethod
    def compare_items(self, items: Entities) -> Similarities:
        """Return the similarities of the candidates to the training items."""

    def fit_prior(self, train: TrainView) -> None:
        """Count the popularity of the training items and choose its weight on validation."""
        self.shares_ = compute_shares(train)
        self.prior_weights_ = (0.0, 0.0)
        choose_prior_weights(self, train, self.prior_weight, PRIOR_WEIGHTS)

    def encode_items(self, items: Entities) -> Voters:
        """Return the candidates with their similarities and their popularity."""
        shares = self.fitted("shares_")
        similarities = self.compare_items(items)
        expected = self._expect_shares(items, similarities)
        prior = keep_known(items, shares, expected)
        if self.neighbourhood is Neighbourhood.USER:
            return Voters(similarities, None, prior)
        nearest = keep_nearest(similarities, self.neighbours)
        return Voters(None, nearest.T.tocsr(), prior)

    def score_history(self, users: Entities, items: Voters) -> FloatArray:
        """Return float32 (users, candidates): the history's votes."""
        if items.similarities is not None:
            return items.similarities.sums(users.history, self.neighbours)
        votes = (binarise(users.history) @ items.nearest).toarray()
        return np.asarray(votes, dtype=np.float32)

    def score_block(self, users: Entities, items: Voters) -> FloatArray:
        """Return float32 (users, candidates): the history's votes, and the weighted prior."""
        return add_prior(self, users, items, self.score_history(users, items))

    def _expect_shares(self, items: Entities, similarities: Similarities) -> DoubleArray:
        """Return float64, (items,): mean share of the nearest, for new items alone."""
        expected = np.zeros(len(items))
        new = np.flatnonzero(items.known < 0)
        if not len(new) or self.prior_weights_ == (0, 0):
            return expected  # nothing is read of it
        nearest = keep_nearest(similarities.take(new), PRIOR_NEIGHBOURS)
        total = np.asarray(nearest.sum(axis=1), dtype=np.float64).ravel()
        votes = nearest @ self.shares_
        mean = self.shares_.mean() if len(self.shares_) else 0.0
        expected[new] = np.divide(votes, total, out=np.full(len(new), mean), where=total > 0)
        return expected

    def report(self) -> dict[str, Any]:
        """Return the weight of the prior."""
        return {"prior_weight": report_prior(self.fitted("prior_weights_"))}
