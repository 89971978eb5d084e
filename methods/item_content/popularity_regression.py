"""Kernel regression from what is known of an item to how popular it is."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...datasets.arrays import FloatArray
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..linear_algebra import invert_positive_definite
from .kernel_method import KernelMethod, add_to_diagonal
from .popularity_prior import keep_known
from .regression import leave_one_out_error, predict_centred, solve_centred


@dataclass
class ContentPopularity(KernelMethod):
    """Logarithm of the count of an item, predicted where the item is new."""

    cold: ClassVar[frozenset[Side]] = frozenset(Side)

    def fit(self, train: TrainView) -> Self:
        """Regress the logarithm of the counts, with the lambda that predicts left-out items best.

        Raises
        ------
        NotApplicableError
            With more than ``max_items`` training items, or none of the inputs.
        """
        gram = self.fit_rows(train)
        self.counts_ = np.log1p(train.item_counts.astype(np.float64))
        least = np.inf
        for amount in self.tried():
            inverse = invert_positive_definite(
                add_to_diagonal(gram, amount),
                "the kernel matrix cannot be inverted: raise method.regularization",
            )
            error = leave_one_out_error(inverse, self.counts_)
            if error < least or not np.isfinite(least):
                least, self.regularization_ = error, amount
                self.centre_, self.weights_ = solve_centred(inverse, self.counts_)
        return self

    def encode_items(self, items: Entities) -> FloatArray:
        """Return float32, (candidates,): log(1 + count), counted or predicted."""
        weights = self.fitted("weights_")
        cold = np.flatnonzero(items.known < 0)
        predicted = np.zeros(len(items))
        if len(cold):
            across = self.compare(self.read_items(items.take(cold)), self.rows_)
            predicted[cold] = predict_centred(self.centre_, weights, across)
        return keep_known(items, self.counts_, predicted)

    def score_block(self, users: Entities, items: FloatArray) -> FloatArray:
        """Return the same float32 row for every user."""
        return np.tile(items, (len(users), 1))

    def report(self) -> dict[str, Any]:
        """Return the inputs that the items had and the lambda that was chosen."""
        amount = self.fitted("regularization_")
        return {"inputs": list(self.content_.learned), "regularization": amount}
