"""DropoutNet: preference and content in, factors out, and the preference often missing."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Self

from ....datasets.parameters import Choices, Range, parameter
from ....datasets.side_information import Side
from ....datasets.world import TrainView
from ...base import Family, Need
from ...training.budget import (
    delay_patience,
    limit_epochs,
    limit_patience,
    limit_steps,
    space_validations,
)
from ..two_towers import TwoTowerMethod

if TYPE_CHECKING:
    from .network import DropoutNetModule


@dataclass
class DropoutNet(TwoTowerMethod):
    """Two networks that rebuild pretrained scores from content when the factors are hidden.

    Source: Volkovs, Yu and Poutanen, DropoutNet: Addressing Cold Start in Recommender Systems,
    NIPS 2017, algorithm 1 and equations 3 to 7; widths, dropout and the reduction of wide content
    to 300 singular directions as in the authors' public code for CiteULike.
    Differs: the factors are pretrained by ImplicitALS with a stronger regularisation than the
    paper's; Adam instead of SGD with a decaying rate; a batch holds users with ``pairs`` of their
    best and as many random items each, and an entity's preference is hidden, or replaced by the
    mean factor of a part of its history, for all its pairs in the batch at once, independently on
    both sides; epochs are counted over users and end by the split's validation. A cold entity's
    preference is zero at inference too, or that of its support. Where the paper takes the mean of
    the history's item factors, for want of a new factorisation, we take the posterior mean of the
    entity's own factor, given the mean and covariance of the training factors and the history
    (``FactorPrior``): it is the mean factor, the zero input, without a history, and moves with each
    entry; ``prior_strength`` weighs the two. A cold user without support and without attributes
    gets the factor that the user tower learned for a missing preference, the same for everyone.
    """

    factors: int = parameter(
        64,
        "length of the factors, pretrained and rebuilt",
        minimum=1,
        search=Choices((32, 64, 128, 200)),
    )
    regularization: float = parameter(
        100.0, "weight of the norms in pretraining", minimum=1e-6, search=Range(1, 1000, log=True)
    )
    alpha: float = parameter(
        20.0, "confidence of a pair in pretraining", minimum=0, search=Range(1, 100, log=True)
    )
    hidden: list[int] = parameter(
        [200],
        "widths of the hidden layers",
        minimum=1,
        search=Choices(([200], [400], [800, 400])),
    )
    dropout: float = parameter(
        0.5,
        "probability that a preference input is hidden",
        minimum=0,
        maximum=1,
        search=Range(0.1, 0.7),
    )
    transform: float = parameter(
        0.25,
        "probability that a preference input is the factor made of the history",
        minimum=0,
        maximum=1,
        search=Range(0.0, 0.4),
    )
    support: int = parameter(
        10, "most history entries in such a factor, drawn anew each epoch; 0 takes all", minimum=0
    )
    prior_strength: float = parameter(
        3.0,
        "weight of the mean factor against a history, in such an input",
        minimum=1e-3,
        search=Range(0.1, 10, log=True),
    )
    content_rank: int = parameter(
        300, "content with more columns is reduced to this many directions", minimum=1
    )
    pairs: int = parameter(
        50, "best and random items per user in a batch, each", minimum=1, search=Range(20, 500)
    )
    batch_size: int = parameter(64, "users in a batch", minimum=2, search=Range(16, 512, log=True))
    learning_rate: float = parameter(
        0.001, "step of Adam", minimum=0, search=Range(1e-4, 1e-2, log=True)
    )
    max_steps: int = limit_steps(3000)
    min_steps: int = delay_patience(500)
    patience_steps: int = limit_patience(1000)
    validate_every_steps: int = space_validations(50)
    epochs: int | None = limit_epochs("the users")

    version: ClassVar[int] = 3
    family: ClassVar[Family] = Family.HYBRID
    cold: ClassVar[frozenset[Side]] = frozenset({Side.USER, Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_FEATURES})
    requires: ClassVar[tuple[str, ...]] = ("implicit", "torch", "pytorch_lightning")

    def fit(self, train: TrainView) -> Self:
        """Factorise, then train the towers to rebuild the scores with inputs missing."""
        from ...training.pretrained_factors import fit_als_factors
        from ...training.seeding import seeded
        from ..side_inputs import SideInputs
        from ..training_sides import TrainingSide
        from .batches import InputDropout, ScorePairBatches

        own, across = fit_als_factors(
            train, factors=self.factors, regularization=self.regularization, alpha=self.alpha
        )
        seed = train.seed
        learn = partial(
            SideInputs.of, prior_strength=self.prior_strength, rank=self.content_rank, seed=seed
        )
        self.user_inputs_ = learn(train.users, own, across)
        self.item_inputs_ = learn(train.items, across, own)
        with seeded(seed):
            self.net_ = self._build(
                self.user_inputs_.content.width(train.users.features),
                self.item_inputs_.content.width(train.items.features),
            )
        batches = ScorePairBatches(
            TrainingSide(train.users, self.user_inputs_),
            TrainingSide(train.items, self.item_inputs_),
            own,
            across,
            InputDropout(self.dropout, self.transform, self.support),
            self.batch_size,
            self.pairs,
            seed,
        )
        self.log_ = self.train_with_adam(batches, train, batches.chance_loss())
        return self

    def _build(self, user_content: int, item_content: int) -> "DropoutNetModule":
        from .network import DropoutNetModule

        return DropoutNetModule(self.factors, (user_content, item_content), list(self.hidden))
