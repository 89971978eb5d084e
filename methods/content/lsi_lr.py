"""A logistic regression per user on latent topics of the item features."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ...datasets.arrays import CSR, DoubleArray, FloatArray
from ...datasets.parameters import Choices, Range, parameter
from ...datasets.progress import Progress, ignore_progress
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..base import FactorMethod, Family, Need
from ..item_content.weighting import ColumnWeightedMethod, Weighting
from ..known_entities import look_up_known
from ..linear_algebra import leading_directions


@dataclass
class LSILR(ColumnWeightedMethod, FactorMethod):
    """One logistic regression per user, from latent semantic directions of the item features.

    Source: Kula, Metadata Embeddings for User and Item Cold-start Recommendations, 2015, baseline
    LSI-LR; latent semantic indexing of Deerwester, Dumais, Furnas, Landauer and Harshman, 1990.
    Differs: interactions are positives only, so a user's negatives are all other training items
    (the paper has low ratings or samples); an item's features have length 1, and their columns
    can be weighted first. The regressions are solved to convergence. A user with support gets the
    same regression, fitted to the support alone; a user without history ties all candidates.
    """

    rank: int = parameter(
        64, "most latent directions", minimum=1, maximum=1024, search=Range(8, 256, log=True)
    )
    penalty: float = parameter(
        1.0, "L2 weight on the coefficients", minimum=1e-3, search=Range(0.01, 100, log=True)
    )
    weighting: Weighting = parameter(
        Weighting.NONE, "weights of the feature columns", search=Choices(tuple(Weighting))
    )

    family: ClassVar[Family] = Family.CONTENT
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_FEATURES})

    def fit(self, train: TrainView) -> Self:
        """Decompose the features of the training items, then regress every user."""
        vectors = self.fit_weights(train.items.features)
        self.directions_ = find_latent_directions(vectors, self.rank, train.seed)
        self.points_ = self._reduced(train.items)
        self.coefficients_ = self._regress(train.interactions.csr, train.progress)
        return self

    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, directions + 1): coefficients, learned or from the support."""
        found: FloatArray = look_up_known(users, self.fitted("coefficients_"))
        cold = users.known < 0
        found[cold] = self._regress(users.history[cold])
        return found

    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, directions + 1): their topics, and 1."""
        # The log odds w.x + b as one dot product, [w, b] . [x, 1]; the sigmoid would not change an
        # order.
        reduced = self._reduced(items)
        return np.column_stack([reduced, np.ones(len(reduced))]).astype(np.float32)

    def _regress(self, history: CSR, progress: Progress = ignore_progress) -> FloatArray:
        from .logistic_regression import fit_logistic_regressions

        return fit_logistic_regressions(history, self.points_, self.penalty, progress)

    def _reduced(self, items: Entities) -> DoubleArray:
        """Return float64 (items, directions)."""
        # X V = U S for training items; a new item is folded in by the same product.
        directions = self.fitted("directions_")
        return np.asarray(self.weigh(items.features).astype(np.float64) @ directions, np.float64)


def find_latent_directions(rows: CSR, rank: int, seed: int) -> DoubleArray:
    """Return float64 (columns, at most rank): the leading right singular vectors.

    Parameters
    ----------
    rows
        CSR of the training rows.
    rank
        Most directions; those whose singular value is zero are left out.
    seed
        Starts the iteration that finds them.
    """
    smaller = min(rows.shape)
    if not rows.nnz:
        return np.zeros((rows.shape[1], 0))
    wide = rows.astype(np.float64)
    if smaller <= rank:
        _, sizes, right = np.linalg.svd(wide.toarray(), full_matrices=False)
        directions = right.T
    else:
        sizes, directions = leading_directions(wide, rank, seed)
    # A direction of singular value 0 is any vector of the null space: no item lies along it.
    return np.ascontiguousarray(directions[:, sizes > 1e-6 * sizes[0]])
