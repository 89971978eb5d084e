"""What DropoutNet and Heater share: a network over pretrained factors and content of both sides."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...datasets.arrays import FloatArray
from ...datasets.world import Entities
from ..base import FactorMethod
from ..training.network import NetworkMethod
from .entity_blocks import encode_in_blocks

if TYPE_CHECKING:
    from torch import nn

    from .side_inputs import SideInputs


class TwoTowerMethod(NetworkMethod, FactorMethod):
    """A network with one tower per side, which reads a pretrained factor and the content.

    The network has the towers as ``users`` and ``items``, and ``content``, the widths of the
    content of users and of items. A subclass builds it in ``_build``.
    """

    factors: int
    user_inputs_: Any
    item_inputs_: Any

    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, factors): what the user tower makes of them."""
        net = self.fitted("net_")
        return self._encode(net.users, self.user_inputs_, users)

    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, factors): what the item tower makes of them."""
        net = self.fitted("net_")
        return self._encode(net.items, self.item_inputs_, items)

    def parameter_counts(self) -> tuple[int, int]:
        """Return the weights of the network, and these with the pretrained factors."""
        trainable, _ = super().parameter_counts()
        factors = self.user_inputs_.preferences.own.size + self.item_inputs_.preferences.own.size
        return trainable, trainable + factors

    def extra_state(self) -> dict[str, Any]:
        """Return the widths of the content and the inputs of both sides."""
        return {
            "content": list(self.net_.content),
            "users": self.user_inputs_.state(),
            "items": self.item_inputs_.state(),
        }

    def rebuild_network(self, state: dict[str, Any]) -> "nn.Module":
        """Set the inputs of both sides and return a network for the same content."""
        from .side_inputs import SideInputs

        self.user_inputs_ = SideInputs.restored(state["users"])
        self.item_inputs_ = SideInputs.restored(state["items"])
        return self._build(*state["content"])

    def tower_inputs(self, inputs: "SideInputs", entities: Entities) -> Iterable[np.ndarray]:
        """Return the arrays that a tower reads of some entities at inference."""
        return inputs(entities)

    def _encode(self, tower: Any, inputs: "SideInputs", entities: Entities) -> FloatArray:
        """Return float32 (entities, factors), a block of entities at a time."""
        return encode_in_blocks(
            tower,
            (len(entities), self.factors),
            lambda at: self.tower_inputs(inputs, entities.take(at)),
        )

    def _build(self, user_content: int, item_content: int) -> "nn.Module":
        raise TypeError(f"{type(self).__name__} does not define _build")
