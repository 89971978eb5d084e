"""What DropoutNet and Heater share: a network over pretrained factors and content of both sides."""

from typing import TYPE_CHECKING, Any

from ..base import FactorMethod
from ..training.network import NetworkMethod

if TYPE_CHECKING:
    from torch import nn


class TwoTowerMethod(NetworkMethod, FactorMethod):
    """A network that reads, for users and for items, a pretrained factor and the content."""

    user_inputs_: Any
    item_inputs_: Any

    def parameter_counts(self) -> tuple[int, int]:
        """Return the weights of the network, and these with the teacher's factors."""
        trainable, _ = super().parameter_counts()
        factors = self.user_inputs_.preferences.own.size + self.item_inputs_.preferences.own.size
        return trainable, trainable + factors

    def beside(self) -> dict[str, Any]:
        """Return the widths of the content and the inputs of both sides."""
        return {
            "content": list(self.net_.content),
            "users": self.user_inputs_.state(),
            "items": self.item_inputs_.state(),
        }

    def rebuilt(self, state: dict[str, Any]) -> "nn.Module":
        """Set the inputs of both sides and return a network for the same content."""
        from .content_inputs import SideInputs

        self.user_inputs_ = SideInputs.restored(state["users"])
        self.item_inputs_ = SideInputs.restored(state["items"])
        return self._build(*state["content"])

    def _build(self, user_content: int, item_content: int) -> "nn.Module":
        raise TypeError(f"{type(self).__name__} does not define _build")
