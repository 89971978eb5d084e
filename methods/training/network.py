"""A method around one torch network: its log, its parameters, its state on disk."""

from typing import TYPE_CHECKING, Any

from ...datasets.world import TrainView
from ..base import Method
from .batches import Batches

if TYPE_CHECKING:
    from torch import nn


class NetworkMethod(Method):
    """A method that keeps its network in ``net_`` and the log of its training in ``log_``.

    A subclass says with ``extra_state`` what else it has learned, and with ``rebuild_network`` how
    that becomes a network again; weights and log are taken care of here.
    """

    net_: Any
    log_: dict[str, Any]

    def train_with_adam(self, batches: Batches, train: TrainView) -> dict[str, Any]:
        """Train ``net_`` with Adam until the split's validation stops it and return the log.

        The hyper-parameters ``learning_rate``, ``epochs``, ``patience`` and, where there is one,
        ``validate_every`` are those of the method; the best weights are kept.
        """
        import torch

        from .fitting import fit_module

        fields: Any = self
        return fit_module(
            self.net_,
            batches,
            train,
            optimiser=lambda weights: torch.optim.Adam(weights, lr=fields.learning_rate),
            epochs=fields.epochs,
            validate=lambda: train.validate(self),
            patience=fields.patience,
            validate_every=getattr(self, "validate_every", 1),
        ).as_json()

    def extra_state(self) -> dict[str, Any]:
        """Return what must be known besides weights and log, as arrays, texts and numbers."""
        raise TypeError(f"{type(self).__name__} does not define extra_state")

    def rebuild_network(self, state: dict[str, Any]) -> "nn.Module":
        """Set what ``extra_state`` returned and return the network, its weights still any."""
        raise TypeError(f"{type(self).__name__} does not define rebuild_network")

    def report(self) -> dict[str, Any]:
        """Return the learning curve and the hardware of the training."""
        return {"training": self.fitted("log_")}

    def parameter_counts(self) -> tuple[int, int]:
        """Return the weights of the network: (trainable, all)."""
        from .weights import count_parameters

        return count_parameters(self.fitted("net_"))

    def state(self) -> dict[str, Any]:
        """Return weights, log and extra state."""
        from .weights import to_arrays

        return {"weights": to_arrays(self.fitted("net_")), "log": self.log_} | self.extra_state()

    def restore(self, state: dict[str, Any]) -> None:
        """Build the network again and set what ``state`` returned."""
        from .weights import from_arrays

        self.net_ = self.rebuild_network(state).eval()
        from_arrays(self.net_, state["weights"])
        self.log_ = state["log"]
