"""Heater: content mapped to pretrained factors by experts, and used in their place at random."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from ....datasets.arrays import FloatArray
from ....datasets.parameters import Choices, Range, parameter
from ....datasets.side_information import Side
from ....datasets.world import Entities, TrainView
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
    from ..side_inputs import SideInputs
    from .batches import HeaterTrainingSide
    from .network import HeaterModule


@dataclass
class Heater(TwoTowerMethod):
    """Experts that map content to pretrained factors, trained with the two exchanged at random.

    Source: Zhu, Sefati, Saadatpanah and Caverlee, Recommendation for New Users and New Items via
    Randomized Training and Mixture-of-Experts Transformation, SIGIR 2020; layers, bounds of the
    factors, sampling, momentum and penalties as in the authors' public code for CiteULike.
    Differs: the factors are pretrained by ImplicitALS instead of BPR. They have length 64 instead
    of 200 and the first step of gradient descent is ten times as long, to train in seconds. Content
    is not scaled unless it is reduced to singular directions. What stands for an entity is drawn
    anew for each pair. Epochs end by the split's validation. The paper has no support: here the
    history of a new user joins the mapped factor, as the posterior mean whose prior has the mapped
    factor as mean and the covariance of the training users' (``FactorPrior``), ``prior_strength``
    its weight; in training such a factor, of a random part of the history and with the mean user
    in place of the mapped factor, stands for the true one with probability ``support_share``. A new
    item is known by its content alone, whatever its support. A side without features has no map:
    its training entities keep the pretrained factor, and a user of whom nothing is known gets the
    mean of these factors.
    """

    factors: int = parameter(
        64,
        "length of the factors, pretrained and mapped",
        minimum=1,
        search=Choices((32, 64, 128, 200)),
    )
    regularization: float = parameter(
        100.0, "weight of the norms in pretraining", minimum=1e-6, search=Range(1, 1000, log=True)
    )
    alpha: float = parameter(
        20.0, "confidence of a pair in pretraining", minimum=0, search=Range(1, 100, log=True)
    )
    experts: int = parameter(
        5, "networks that map content", minimum=1, search=Choices((1, 3, 5, 10))
    )
    hidden: list[int] = parameter(
        [],
        "widths of an expert's layers before its factor",
        minimum=1,
        search=Choices(([], [200], [400])),
    )
    dropout: float = parameter(
        0.5,
        "probability that the mapped factor stands for the true one",
        minimum=0,
        maximum=1,
        search=Range(0.1, 0.9),
    )
    similarity: float = parameter(
        1e-4,
        "weight of the squared distances between mapped and pretrained factors of a batch",
        minimum=0,
        search=Range(1e-6, 1e-2, log=True),
    )
    weight_decay: float = parameter(
        1e-4,
        "weight of the squared norms of the networks",
        minimum=0,
        search=Range(1e-6, 1e-2, log=True),
    )
    support_share: float = parameter(
        0.25,
        "probability that a factor made of the history stands for a user's true one",
        minimum=0,
        maximum=1,
        search=Range(0.0, 0.5),
    )
    support: int = parameter(10, "most history entries in it, drawn anew each epoch", minimum=1)
    prior_strength: float = parameter(
        1.0,
        "weight of the mapped factor of a new user against its history",
        minimum=1e-3,
        search=Range(0.1, 10, log=True),
    )
    content_rank: int = parameter(
        300, "content with more columns is reduced to this many directions", minimum=1
    )
    negatives: int = parameter(
        5, "sampled pairs per observed one", minimum=1, search=Choices((1, 5, 10))
    )
    batch_size: int = parameter(
        1024, "pairs in a batch", minimum=2, search=Choices((256, 1024, 4096))
    )
    learning_rate: float = parameter(
        0.05, "first step of gradient descent", minimum=0, search=Range(5e-4, 0.1, log=True)
    )
    momentum: float = parameter(0.9, "momentum of gradient descent", minimum=0, maximum=0.999)
    decay: float = parameter(0.8, "factor on the step after every ten epochs", minimum=0, maximum=1)
    max_steps: int = limit_steps(3000)
    min_steps: int = delay_patience(500)
    patience_steps: int = limit_patience(1000)
    validate_every_steps: int = space_validations(100)
    epochs: int | None = limit_epochs("the observed pairs")

    version: ClassVar[int] = 3
    family: ClassVar[Family] = Family.HYBRID
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_FEATURES})
    requires: ClassVar[tuple[str, ...]] = ("implicit", "torch", "pytorch_lightning")

    def fit(self, train: TrainView) -> Self:
        """Factorise, then train maps and top nets on observed against sampled pairs."""
        import torch

        from ...training.fitting import fit_module
        from ...training.seeding import seeded
        from ..side_inputs import SideInputs
        from .batches import HeaterBatches

        own, across = self.pretrain(train)
        seed = train.seed
        learn = partial(
            SideInputs.of, prior_strength=self.prior_strength, rank=self.content_rank, seed=seed
        )
        self.user_inputs_ = learn(train.users, own, across)
        self.item_inputs_ = learn(train.items, across, own)
        users = self._training_side(train.users, self.user_inputs_, self.support_share)
        items = self._training_side(train.items, self.item_inputs_, 0.0)
        with seeded(seed):
            self.net_ = self._build(
                self.user_inputs_.content.width(train.users.features),
                self.item_inputs_.content.width(train.items.features),
            )
        self.net_.set_penalties(self.similarity, self.weight_decay)
        batches = HeaterBatches(
            train.interactions, users, items, self.negatives, self.batch_size, seed
        )
        steps = batches.steps
        self.log_ = fit_module(
            self.net_,
            batches,
            train,
            optimiser=lambda weights: torch.optim.SGD(
                weights, lr=self.learning_rate, momentum=self.momentum
            ),
            learning_rate_factor=lambda step: self.decay ** (step // (10 * steps)),
            **self.stopping(train, batches.chance_loss(self.similarity)),
        ).as_json()
        return self

    def pretrain(self, train: TrainView) -> tuple[FloatArray, FloatArray]:
        """Return the float32 (users, factors) and (items, factors) that the maps learn from."""
        from ...training.pretrained_factors import fit_als_factors

        return fit_als_factors(
            train, factors=self.factors, regularization=self.regularization, alpha=self.alpha
        )

    def tower_inputs(self, inputs: "SideInputs", entities: Entities) -> Iterable[np.ndarray]:
        """Return factors and content, and bool (entities,): whether the mapped factor is used."""
        mapped, told = entities.known < 0, np.diff(entities.history.indptr) > 0
        factors, content = inputs(entities)
        if entities.side is Side.USER:
            # A new user's support joins the mapped factor: their posterior goes in as a factor.
            joined = np.flatnonzero(mapped & told)
            mapped[joined] = False
            if len(joined) and self.net_.users.map is not None:
                centres = self._mapped_factors(content[joined])
                history = entities.history[joined]
                factors[joined] = inputs.preferences.from_history(history, centres)
        return factors, content, mapped

    def _mapped_factors(self, content: FloatArray) -> FloatArray:
        """Return float32 (users, factors): what the experts make of users' content."""
        import torch

        from ...training.weights import device_of

        net = self.net_
        with torch.inference_mode():
            mapped = net.users.map(torch.from_numpy(content).to(device_of(net)))
        factors: FloatArray = mapped.cpu().numpy()
        return factors

    def _training_side(
        self, warm: Entities, inputs: "SideInputs", share: float
    ) -> "HeaterTrainingSide":
        from .batches import HeaterTrainingSide

        mapped = self.dropout if inputs.content.width(warm.features) else 0.0
        return HeaterTrainingSide(warm, inputs, mapped, share, self.support)

    def _build(self, user_content: int, item_content: int) -> "HeaterModule":
        from .network import HeaterModule

        widths = (user_content, item_content)
        return HeaterModule(self.factors, widths, list(self.hidden), self.experts)
