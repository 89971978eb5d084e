"""What is added to a layer and trained in its stead: adapters after its products, prefixes."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .updated_products import multiply

_SPREAD = 0.02
"""Standard deviation of the first weights, as of BERT's own."""


class Adapter(nn.Module):
    """x + W_up gelu(W_down x + b) + b', at first the identity.

    Source: Houlsby et al., Parameter-Efficient Transfer Learning for NLP, ICML 2019, section 2.1.
    """

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(width, inner), nn.Linear(inner, width)
        nn.init.normal_(self.down.weight, std=_SPREAD)
        nn.init.zeros_(self.down.bias)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return (rows, width) in the precision of ``hidden``."""
        return hidden + multiply(self.up, functional.gelu(multiply(self.down, hidden)))


def add_adapters(layers: Iterable[Any], inner: int) -> None:
    """Put an adapter after the products that end attention and feed-forward of each layer."""
    for layer in layers:
        for block in (layer.attention.output, layer.output):
            block.adapter = Adapter(block.dense.out_features, inner)


def add_prefixes(layers: Iterable[Any], length: int) -> None:
    """Give each layer's attention keys and values of its own, (length, width), before a text's.

    Source: Li and Liang, Prefix-Tuning, ACL 2021, section 4.
    Differs: they are trained as they are, without the network that makes them in training.
    """
    for layer in layers:
        own = layer.attention.self
        for name in ("prefix_keys", "prefix_values"):
            first = torch.empty(length, own.key.out_features).normal_(std=_SPREAD)
            setattr(own, name, nn.Parameter(first))


def has_prefix(layer: Any) -> bool:
    """Say whether a layer has keys and values of its own."""
    return hasattr(layer.attention.self, "prefix_keys")


def join_prefix(
    attention: Any, key: Tensor, value: Tensor, real: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return keys, values and mask with the prefix in front, or as they are without one.

    Parameters
    ----------
    attention
        Of a layer.
    key, value
        (texts, length, width).
    real
        bool (texts, length), or None where all are tokens.
    """
    if not hasattr(attention, "prefix_keys"):
        return key, value, real
    texts = len(key)

    def join(prefix: Tensor, own: Tensor) -> Tensor:
        return torch.cat([prefix.to(own.dtype).expand(texts, *prefix.shape), own], dim=1)

    if real is not None:
        real = torch.cat([real.new_ones(texts, len(attention.prefix_keys)), real], dim=1)
    return join(attention.prefix_keys, key), join(attention.prefix_values, value), real
