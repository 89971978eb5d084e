"""Matrix factorisation by Bayesian personalised ranking."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from ...datasets.arrays import FloatArray
from ...datasets.parameters import Choices, Range, parameter
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..base import FactorMethod, Family
from ..known_entities import look_up_known
from ..prior_choice import choose_prior
from ..shrunken_means import HistoryRegression

PRIORS = tuple({"prior_weight": one} for one in (10.0, 30.0, 100.0, 3.0, 1.0, 0.3))
"""Weights that are tried where none is given; the first is that without validation."""


@dataclass
class ImplicitBPR(FactorMethod):
    """Factors and item biases that rank what a user took above what it did not.

    Source: Rendle, Freudenthaler, Gantner and Schmidt-Thieme, BPR: Bayesian Personalized Ranking
    from Implicit Feedback, 2009, sections 4.2 and 4.3.1; trained by the library ``implicit``.
    Differs: items have a bias, and one regularisation serves users, items and biases. The library
    draws the items a user did not take by how often they were taken, the paper uniformly. The
    best score is ln(p / (1 - p)), p the probability that the user takes the item, but with the
    library's draws less the logarithm of the item's count (as in Yi et al., Sampling-Bias-Corrected
    Neural Modeling, 2019): so ``uniform_negatives`` adds that logarithm to the item's bias
    after training. The paper leaves its settings to a search, the defaults here were chosen on
    the validation part of movietweetings. A new user, who has no factor in the paper, has that
    which the mean factor of its history tells by least squares over the training users, times
    k / (k + ``prior_weight``) for k items: a short history does not outweigh the bias, and without
    one only the bias speaks. Validation chooses ``prior_weight`` among 0.3, where one item counts
    nearly as much as many, 1, 3, 10, 30 and 100; without validation it is 10. A new item has
    neither factor nor bias and scores 0, with support too. More than one thread races for the
    factors: only one repeats to the last bit.
    """

    factors: int = parameter(64, "length of a factor", minimum=1, search=Range(16, 256, log=True))
    learning_rate: float = parameter(
        0.05, "step of the stochastic gradient", minimum=1e-6, search=Range(0.005, 0.2, log=True)
    )
    regularization: float = parameter(
        0.05,
        "weight of the squared norms, in each step those of the rows it moves",
        minimum=0,
        search=Range(1e-4, 0.2, log=True),
    )
    iterations: int = parameter(
        100,
        "epochs, each of as many steps as there are interactions",
        minimum=1,
        search=Range(20, 300, log=True),
    )
    prior_weight: float | None = parameter(
        None,
        "history items that count as much as no history; None chooses by validation",
        minimum=0,
    )
    uniform_negatives: bool = parameter(
        True,
        "correct the bias to that of negatives drawn uniformly",
        search=Choices((True, False)),
    )

    version: ClassVar[int] = 3
    family: ClassVar[Family] = Family.COLLABORATIVE
    cold: ClassVar[frozenset[Side]] = frozenset({Side.USER})
    uses_support: ClassVar[bool] = True
    requires: ClassVar[tuple[str, ...]] = ("implicit",)

    def fit(self, train: TrainView) -> Self:
        """Train with ``implicit``, whose last column is the bias of an item and 1 for a user."""
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        model = BayesianPersonalizedRanking(
            factors=self.factors,
            learning_rate=self.learning_rate,
            regularization=self.regularization,
            iterations=self.iterations,
            num_threads=train.resources.threads,
            random_state=train.seed,
        )
        model.fit(
            train.interactions.csr.copy(),  # the library takes writable memory only
            show_progress=False,
            callback=lambda epoch, *_: train.progress(epoch + 1, self.iterations, "epoch"),
        )
        self.user_factors_ = np.asarray(model.user_factors, dtype=np.float32)
        self.item_factors_ = np.array(model.item_factors, dtype=np.float32)
        if self.uniform_negatives:
            # Negatives drawn with probability q(i) instead of uniformly: the pairwise optimum is
            # ln p(i) / (1 - p(i)) - ln q(i) up to a constant, here with q(i) proportional to the
            # count. To add ln q(i) back is what negatives drawn uniformly would have learned.
            self.item_factors_[:, -1] += np.log(np.maximum(train.item_counts, 1))
        # The last columns are the items' biases and the 1 they are multiplied by.
        own, across = self.user_factors_[:, :-1], self.item_factors_[:, :-1]
        told = HistoryRegression.of(own, train.users.history, across)
        # Without a history only the bias speaks, so it is not the mean user that is joined.
        self.told_ = replace(told, prior=np.zeros_like(told.prior)).state()
        self.prior_choice_: dict[str, float] = {}
        choose_prior(self, train, self.prior_choice_, PRIORS)
        return self

    def report(self) -> dict[str, Any]:
        """Return the weight of the prior."""
        return dict(self.fitted("prior_choice_"))

    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, factors + 1): learned or told by the history, ending in 1."""
        found: FloatArray = look_up_known(users, self.fitted("user_factors_"))
        cold = np.flatnonzero(users.known < 0)
        told = HistoryRegression(**self.told_)
        weight = self.prior_choice_["prior_weight"]
        found[cold, :-1] = told(users.history[cold], self.item_factors_[:, :-1], weight)
        found[:, -1] = 1  # the weight of an item's bias
        return found

    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, factors + 1): learned, ending in the bias; 0 when cold."""
        found: FloatArray = look_up_known(items, self.fitted("item_factors_"))
        return found
