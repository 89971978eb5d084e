"""Factors of cold entities read off their attributes."""

from copy import copy
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

import numpy as np

from ....datasets.arrays import FloatArray
from ....datasets.parameters import Choices, Range, parameter
from ....datasets.side_information import Side
from ....datasets.world import Entities, TrainView
from ...base import FactorMethod, Family, Need
from ...factor_prior import PRIORS, weigh_fold_in
from ...known_entities import look_up_known
from ...prior_choice import choose_prior
from ...training.budget import (
    delay_patience,
    limit_epochs,
    limit_patience,
    limit_steps,
    space_validations,
)
from .maps import LinearMap, NearestMap

if TYPE_CHECKING:
    from .network import NetworkMap

    Map: TypeAlias = LinearMap | NearestMap | NetworkMap


class MappingKind(str, Enum):
    """How factors are computed from attributes."""

    LINEAR = "linear"  # ridge regression
    KNN = "knn"  # mean over similar training entities
    MLP = "mlp"  # network


WHEN = "for mlp: "


@dataclass
class AttributeMap(FactorMethod):
    """Pretrained factors, and for cold entities a learned map from their attributes to factors.

    Source: Gantner, Drumond, Freudenthaler, Rendle and Schmidt-Thieme, Learning
    Attribute-to-Feature Mappings for Cold-Start Recommendations, ICDM 2010: k nearest neighbours
    and the linear map by squared error; the network by squared error as in van den Oord, Dieleman
    and Schrauwen, Deep Content-based Music Recommendation, NIPS 2013.
    Differs: the factors are pretrained by ImplicitALS where the paper trains BPR; the linear map is
    the exact ridge solution with a free intercept instead of stochastic gradient steps; the paper's
    third map, trained for the ranking itself, is not here. Both sides are mapped. A warm entity
    keeps its factor; a side without attributes gets the mean factor. The paper has no support: here
    it joins the mapped factor, as the posterior mean whose prior has the mapped factor as mean and
    the covariance of the training factors (``FactorPrior``), ``prior_strength`` its weight; to a
    user is added, for each item shown, ``fold_in_weight`` times the pretraining's own solve.
    Validation chooses both among the values of ImplicitALS; without validation they are 1 and 0.
    Which of the paper's two maps is the default, and its neighbours, was chosen on the validation
    part of movietweetings.
    """

    mapping: MappingKind = parameter(
        MappingKind.KNN,
        "how factors are computed from attributes",
        search=Choices(tuple(MappingKind)),
    )
    factors: int = parameter(64, "length of a factor", minimum=1, search=Range(16, 256, log=True))
    regularization: float = parameter(
        150.0, "weight of the norms in pretraining", minimum=1e-6, search=Range(1, 1000, log=True)
    )
    alpha: float = parameter(
        40.0, "confidence of a pair in pretraining", minimum=0, search=Range(1, 100, log=True)
    )
    ridge: float = parameter(
        1.0, "for linear: lambda", minimum=1e-6, search=Range(0.01, 1000, log=True)
    )
    neighbours: int = parameter(
        10, "for knn: entities in the mean", minimum=1, search=Range(5, 500, log=True)
    )
    prior_strength: float | None = parameter(
        None,
        "weight of a new entity's mapped factor against support; None chooses by validation",
        minimum=1e-3,
    )
    fold_in_weight: float | None = parameter(
        None,
        "weight of the plain solve for a new user's history; None chooses by validation",
        minimum=0,
    )
    hidden: list[int] = parameter(
        [200], "for mlp: widths of the hidden layers", minimum=1, search=Choices(([200], [400]))
    )
    batch_size: int = parameter(64, "for mlp: entities in a batch", minimum=1)
    learning_rate: float = parameter(
        0.001, "for mlp: step of Adam", minimum=0, search=Range(1e-4, 1e-2, log=True)
    )
    max_steps: int = limit_steps(10_000, WHEN)
    min_steps: int = delay_patience(500, WHEN)
    patience_steps: int = limit_patience(1500, WHEN)
    validate_every_steps: int = space_validations(100, WHEN)
    epochs: int | None = limit_epochs("the entities", WHEN)

    version: ClassVar[int] = 3
    family: ClassVar[Family] = Family.HYBRID
    cold: ClassVar[frozenset[Side]] = frozenset({Side.USER, Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_FEATURES})
    requires: ClassVar[tuple[str, ...]] = ("implicit", "torch", "pytorch_lightning")

    def fit(self, train: TrainView) -> Self:
        """Factorise, then learn the map of each side from its warm entities."""
        from ...training.pretrained_factors import fit_pretrained_als

        self.pretrained_ = fit_pretrained_als(
            train, factors=self.factors, regularization=self.regularization, alpha=self.alpha
        )
        own, across = self.pretrained_.user_factors_, self.pretrained_.item_factors_
        sides = {"items": (train.items, across), "users": (train.users, own)}
        self.maps_ = {name: self._map(*side, train.seed) for name, side in sides.items()}
        self.log_: dict[str, Any] = {}
        self.prior_choice_: dict[str, float] = dict(PRIORS[0])
        if self.mapping is MappingKind.MLP:
            for name, side in sides.items():
                self._train(name, *side, train)
        choose_prior(self, train, self.prior_choice_, PRIORS)
        return self

    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, factors): learned, or mapped and joined by the support."""
        pretrained = self.fitted("pretrained_")
        return self._mapped(users, pretrained.user_factors_, pretrained.item_factors_)

    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, factors): learned, or mapped and joined by the support."""
        pretrained = self.fitted("pretrained_")
        return self._mapped(items, pretrained.item_factors_, pretrained.user_factors_)

    def for_group(self, group: str) -> Self:
        """Return this method with the networks as they are best for a group of tasks."""
        maps: dict[str, Map] = self.fitted("maps_")
        chosen = {name: one.for_group(group) for name, one in maps.items()}
        if all(chosen[name] is one for name, one in maps.items()):
            return self
        views: dict[tuple[int, ...], Self] = vars(self).setdefault("_views", {})
        key = tuple(id(one) for one in chosen.values())
        if key not in views:  # which a view holds, so that no other map gets its id
            views[key] = copy(self)
            views[key].maps_ = chosen
        return views[key]

    def report(self) -> dict[str, Any]:
        """Return the settings of the prior, and the networks' learning curves and adequacy."""
        from ...training.adequacy import join_adequacy

        chosen = dict(self.fitted("prior_choice_"))
        curves = {f"training_{name}": log for name, log in self.log_.items()}
        if not curves:
            return chosen
        parts = {f"the map of {name}": log["adequacy"] for name, log in self.log_.items()}
        return chosen | curves | {"training": {"adequacy": join_adequacy(parts)}}

    def parameter_counts(self) -> tuple[int, int]:
        """Return the numbers of the maps, and these with the pretrained factors."""
        pretrained = self.fitted("pretrained_").parameter_counts()[0]
        learned = sum(one.size() for one in self.maps_.values())
        return learned, learned + pretrained

    def state(self) -> dict[str, Any]:
        """Return pretrained factors, maps and logs as arrays and numbers."""
        return {
            "pretrained": self.fitted("pretrained_").state(),
            "maps": {
                name: {"kind": type(one).__name__, "state": one.state()}
                for name, one in self.maps_.items()
            },
            "log": self.log_,
            "prior_choice": self.prior_choice_,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Set what ``state`` returned."""
        from ...training.pretrained_factors import make_untrained_als

        self.pretrained_ = make_untrained_als(
            factors=self.factors, regularization=self.regularization, alpha=self.alpha
        )
        self.pretrained_.restore(state["pretrained"])
        self.maps_ = {name: _restored(**one) for name, one in state["maps"].items()}
        self.log_ = state["log"]
        self.prior_choice_ = state["prior_choice"]

    def _mapped(self, entities: Entities, own: FloatArray, across: FloatArray) -> FloatArray:
        """Return learned factors, and of cold entities mapped ones joined by their support."""
        factors: FloatArray = look_up_known(entities, own)
        cold = np.flatnonzero(entities.known < 0)
        if len(cold):
            centres = self.maps_[f"{entities.side.value}s"](entities.features[cold])
            prior, history = self.pretrained_.prior(entities.side), entities.history[cold]
            chosen, solve = self.prior_choice_, self.pretrained_.solve
            factors[cold] = prior.join(history, across, centres, chosen["prior_strength"])
            if entities.side is Side.USER:
                # A longer factor changes no user's order, but an item's place among others.
                factors[cold] += weigh_fold_in(history, across, solve, chosen["fold_in_weight"])
        return factors

    def _map(self, warm: Entities, factors: FloatArray, seed: int) -> "Map":
        """Return the map of one side; a network is still untrained and gives the mean factor."""
        columns = warm.features.shape[1]
        if self.mapping is MappingKind.LINEAR or not columns:
            return LinearMap.of(warm.features, factors, self.ridge)
        if self.mapping is MappingKind.KNN:
            return NearestMap.of(warm.features, factors, self.neighbours)
        from ...training.seeding import seeded
        from .network import NetworkMap

        with seeded(seed):
            return NetworkMap.of(columns, list(self.hidden), factors)

    def _train(self, side: str, warm: Entities, factors: FloatArray, train: TrainView) -> None:
        """Train the network of one side, if it has one, until the split's validation stops it."""
        import torch

        from ...training.fitting import fit_module
        from ...training.network import read_stopping
        from .network import NetworkMap, make_factor_batches

        learned = self.maps_[side]
        if not isinstance(learned, NetworkMap):
            return
        self.log_[side] = fit_module(
            learned.net,
            make_factor_batches(warm.features, factors, self.batch_size, train.seed),
            train,
            optimiser=lambda weights: torch.optim.Adam(weights, lr=self.learning_rate),
            **read_stopping(self, train, chance_loss=1.0),  # the loss counts in the variance
        ).as_json()


def _restored(kind: str, state: dict[str, Any]) -> "Map":
    if kind == "LinearMap":
        return LinearMap(**state)
    if kind == "NearestMap":
        return NearestMap(**state)
    from .network import NetworkMap

    return NetworkMap.restored(state)
