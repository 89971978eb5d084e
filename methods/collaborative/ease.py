"""Item weights in closed form."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ...datasets.arrays import FloatArray, IntArray
from ...datasets.errors import NotApplicableError
from ...datasets.parameters import Range, parameter
from ...datasets.world import Entities, TrainView
from ..base import Family, Method
from ..item_weights import solve_item_weights
from ..sparse_rows import binarise


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
        self.weights_, _ = solve_item_weights(train.interactions.csr, self.regularization)
        return self

    def encode_items(self, items: Entities) -> IntArray:
        """Return int32, (candidates,): index in the training data, -1 for a cold item."""
        return items.known

    def score_block(self, users: Entities, items: IntArray) -> FloatArray:
        """Return float32 (users, candidates): history times the candidates' weights."""
        # A new user is x B like any other: nothing was learned of users.
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
