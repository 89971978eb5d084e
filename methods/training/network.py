"""A method around one torch network: its log, its parameters, its state on disk."""

import copy
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Self

from ...datasets.world import TrainView
from ..base import Method
from .batches import Batches

if TYPE_CHECKING:
    from torch import nn

    from .schedule import StoppingOptions


_FEW = {"max_steps": 600, "min_steps": 100, "patience_steps": 200, "validate_every_steps": 50}
"""Enough for the planted dataset."""


class NetworkMethod(Method):
    """A method that keeps its network in ``net_`` and the log of its training in ``log_``.

    A subclass says with ``extra_state`` what else it has learned, and with ``rebuild_network`` how
    that becomes a network again; weights and log are taken care of here, also those of the groups
    of tasks: ``net_`` has the weights that are best by the mean over the validation tasks, and what
    ``for_group`` returns is the same method around those that are best for a group.

    How long it trains are fields of these names, of which only one bound is needed: ``max_steps``
    (or ``epochs``, which then counts instead), ``min_steps``, ``patience_steps`` (or ``patience``,
    in validations) and ``validate_every_steps`` (or ``validate_every``, in epochs); see
    ``schedule.Stopping``.
    """

    net_: Any
    log_: dict[str, Any]
    prior_choice_: dict[str, float]  # by methods in which support joins a prior

    @classmethod
    def small(cls) -> Self:
        """Return settings that train for few steps, where steps are counted: for conformance."""
        named: set[str] = {one.name for one in fields(cls)} if is_dataclass(cls) else set()
        return cls(**{name: value for name, value in _FEW.items() if name in named})

    def train_with_adam(
        self,
        batches: Batches,
        train: TrainView,
        chance_loss: float | None = None,
        *,
        norm_weight: float = 0.0,
    ) -> dict[str, Any]:
        """Train ``net_`` with Adam until the split's validation stops it and return the log.

        The hyper-parameters ``learning_rate`` and those of ``stopping`` are those of the method.

        Parameters
        ----------
        batches, train
            See ``fitting.fit_module``.
        chance_loss
            The loss of a network that has learned nothing, where it is known.
        norm_weight
            Weight of half the squared norm of all weights. Its gradient is added in Adam's step,
            as if the loss had this term, without a pass over all weights for it.
        """
        import torch

        from .fitting import fit_module

        settings: Any = self
        fused = train.trainer.may_fuse  # half as long
        return fit_module(
            self.net_,
            batches,
            train,
            optimiser=lambda weights: torch.optim.Adam(
                weights, lr=settings.learning_rate, weight_decay=norm_weight, fused=fused
            ),
            **self.stopping(train, chance_loss),
        ).as_json()

    def stopping(self, train: TrainView, chance_loss: float | None = None) -> "StoppingOptions":
        """Return when the training is to end, from the fields, as ``fit_module`` takes it."""
        return read_stopping(self, train, chance_loss)

    def for_group(self, group: str) -> Self:
        """Return this method around the weights that are best for a group of tasks."""
        from .group_networks import network_of_group

        net = network_of_group(self.fitted("net_"), group)
        if net is self.net_:
            return self
        views: dict[int, Self] = vars(self).setdefault("_views", {})
        if id(net) not in views:  # which a view holds, so that no other network gets its id
            views[id(net)] = copy.copy(self)
            views[id(net)].net_ = net
        return views[id(net)]

    def extra_state(self) -> dict[str, Any]:
        """Return what must be known besides weights and log, as arrays, texts and numbers."""
        raise TypeError(f"{type(self).__name__} does not define extra_state")

    def rebuild_network(self, state: dict[str, Any]) -> "nn.Module":
        """Set what ``extra_state`` returned and return the network, its weights still any."""
        raise TypeError(f"{type(self).__name__} does not define rebuild_network")

    def report(self) -> dict[str, Any]:
        """Return the training's learning curve, hardware and adequacy, and the chosen prior."""
        chosen: dict[str, float] = vars(self).get("prior_choice_", {})
        return {"training": self.fitted("log_"), **chosen}

    def parameter_counts(self) -> tuple[int, int]:
        """Return the weights of the network: (trainable, all); those of one group."""
        from .weights import count_parameters

        return count_parameters(self.fitted("net_"))

    def state(self) -> dict[str, Any]:
        """Return weights of all groups, log and extra state."""
        from .group_networks import state_of_groups
        from .weights import to_arrays

        net = self.fitted("net_")
        kept = {"weights": to_arrays(net), "group_weights": state_of_groups(net), "log": self.log_}
        if "prior_choice_" in vars(self):
            kept["prior_choice"] = self.prior_choice_
        return kept | self.extra_state()

    def restore(self, state: dict[str, Any]) -> None:
        """Build the network again and set what ``state`` returned."""
        from .group_networks import restore_groups
        from .weights import from_arrays

        self.net_ = self.rebuild_network(state).eval()
        from_arrays(self.net_, state["weights"])
        restore_groups(self.net_, state["group_weights"])
        self.log_ = state["log"]
        if "prior_choice" in state:
            self.prior_choice_ = state["prior_choice"]


def read_stopping(
    method: Any, train: TrainView, chance_loss: float | None = None
) -> "StoppingOptions":
    """Return when a training of a method is to end, from the fields it has.

    ``epochs`` counts instead of ``max_steps`` where it is set, ``patience`` instead of
    ``patience_steps``, and ``validate_every`` instead of ``validate_every_steps``.
    """
    epochs, patience = getattr(method, "epochs", None), getattr(method, "patience", None)
    every = getattr(method, "validate_every", None)
    return {
        "epochs": epochs,
        "max_steps": getattr(method, "max_steps", None) if epochs is None else None,
        "validate": lambda: train.validate(method),
        "min_steps": getattr(method, "min_steps", 0),
        "patience": patience,
        "patience_steps": getattr(method, "patience_steps", None) if patience is None else None,
        "validate_every": every or 1,
        "validate_every_steps": 0 if every else getattr(method, "validate_every_steps", 0),
        "chance_loss": chance_loss,
    }
