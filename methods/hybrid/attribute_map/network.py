"""A map from attributes to factors by a network, and its training."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ....datasets.arrays import CSR, FloatArray
from ...training.group_networks import network_of_group, restore_groups, state_of_groups
from ...training.seeding import numpy_generator
from ...training.weights import count_parameters, from_arrays, to_arrays
from ..entity_blocks import encode_in_blocks

_BLOCK = 1024  # entities whose dense attributes are held at once


class MappingNetwork(nn.Module):
    """Linear layers with rectifiers between them, for factors of mean 0 and spread 1."""

    mean: Tensor
    spread: Tensor

    def __init__(self, columns: int, hidden: list[int], mean: Tensor, spread: float) -> None:
        super().__init__()
        self.widths = [columns, *hidden, len(mean)]
        layers: list[nn.Module] = []
        for narrow, wide in zip(self.widths, self.widths[1:], strict=False):
            layers += [nn.Linear(narrow, wide), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])
        # The output starts at 0, the mean factor: the map that knows nothing of the attributes.
        nn.init.zeros_(layers[-2].weight)  # type: ignore[arg-type]
        nn.init.zeros_(layers[-2].bias)  # type: ignore[arg-type]
        self.register_buffer("mean", mean)
        self.register_buffer("spread", torch.tensor(spread))

    def forward(self, attributes: Tensor) -> Tensor:
        """Return (rows, factors) on the scale of the pretrained factors; at first their mean."""
        mapped: Tensor = self.mean + self.spread * self.layers(attributes)
        return mapped

    def loss(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the squared error to the pretrained factors, 1 for their mean."""
        attributes, factors = batch
        return nn.functional.mse_loss(self(attributes), factors) / self.spread**2


@dataclass(eq=False)
class NetworkMap:
    """A trained network that takes sparse rows; with weights of their own for some groups."""

    net: MappingNetwork
    groups: dict[int, "NetworkMap"] = field(default_factory=dict)

    @classmethod
    def of(cls, columns: int, hidden: list[int], factors: FloatArray) -> "NetworkMap":
        """Build an untrained network for the factors of one side."""
        mean = factors.mean(axis=0, dtype=np.float64).astype(np.float32)
        # One spread for all columns: the squared error must weigh them as a dot product does.
        spread = float(np.sqrt(np.mean((factors - mean) ** 2, dtype=np.float64)))
        return cls(MappingNetwork(columns, hidden, torch.from_numpy(mean), spread or 1.0))

    def __call__(self, features: CSR) -> FloatArray:
        """Return float32 (rows, factors)."""
        shape = (features.shape[0], self.net.widths[-1])
        return encode_in_blocks(self.net, shape, lambda at: [features[at].toarray()], block=_BLOCK)

    def for_group(self, group: str) -> "NetworkMap":
        """Return the map with the weights that are best for a group of tasks."""
        net = network_of_group(self.net, group)
        if net is self.net:
            return self
        return self.groups.setdefault(id(net), NetworkMap(net))

    def size(self) -> int:
        """Return the number of weights."""
        return count_parameters(self.net)[0]

    def state(self) -> dict[str, Any]:
        """Return weights and widths."""
        return {
            "widths": self.net.widths,
            "net": to_arrays(self.net),
            "group_weights": state_of_groups(self.net),
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> "NetworkMap":
        """Return the map whose ``state`` this is."""
        columns, *hidden, factors = state["widths"]
        net = MappingNetwork(columns, hidden, torch.zeros(factors), 1.0).eval()
        from_arrays(net, state["net"])
        restore_groups(net, state["group_weights"])
        return cls(net)


def make_factor_batches(
    features: CSR, factors: FloatArray, size: int, seed: int
) -> Callable[[int], Iterator[tuple[Tensor, Tensor]]]:
    """Return ``batches(epoch)``: dense attributes and factors of shuffled training entities."""

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        order = numpy_generator(seed, epoch).permutation(len(factors))
        for start in range(0, len(order), size):
            at = order[start : start + size]
            yield torch.from_numpy(features[at].toarray()), torch.from_numpy(factors[at])

    return batches
