"""The optimiser of the fine-tuning: a rate for the towers, one for each opened layer."""

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from .settings import Optimiser

if TYPE_CHECKING:
    from .network import TextTowers

MOMENTUM = 0.9
FUSED = 10_000_000
"""Trained weights from which AdamW goes over each of them once and not ten times: a step of full
tuning takes a quarter of its time so. Rounding differs, hence light tunings stay as they were."""


def make_optimiser(
    model: "TextTowers",
    kind: Optimiser,
    *,
    rate: float,
    encoder_rate: float,
    weight_decay: float,
    layer_decay: float,
    may_fuse: bool = True,
) -> torch.optim.Optimizer:
    """Return AdamW, or SGD with a momentum of .9, for the trained weights of a model.

    Parameters
    ----------
    rate, encoder_rate
        Of the towers, and of the uppermost layer of the encoder.
    weight_decay
        Of all of them.
    layer_decay
        The rate of a layer over that of the layer above it; 1 for all alike (Howard and Ruder,
        Universal Language Model Fine-tuning for Text Classification, ACL 2018, section 3.2).
    may_fuse
        Whether AdamW's step may be fused, which it is from ``FUSED`` weights on.
    """
    groups: list[dict[str, Any]] = [{"params": list(model.towers.parameters()), "lr": rate}]
    if model.encoders:
        depths: dict[nn.Parameter, int] = {}
        for encoder in model.encoders:
            depths |= _list_depths(encoder)
        if layer_decay == 1.0:
            depths = dict.fromkeys(depths, 0)
        for depth in sorted(set(depths.values())):
            weights = [weight for weight, own in depths.items() if own == depth]
            groups.append({"params": weights, "lr": encoder_rate * layer_decay**depth})
    if kind is Optimiser.SGD:
        return torch.optim.SGD(groups, momentum=MOMENTUM, weight_decay=weight_decay)
    trained = sum(weight.numel() for group in groups for weight in group["params"])
    return torch.optim.AdamW(groups, weight_decay=weight_decay, fused=may_fuse and trained >= FUSED)


def _list_depths(encoder: Any) -> dict[nn.Parameter, int]:
    """Return how many layers lie above each trained weight; above the embeddings lie all."""
    layers = list(encoder.layers)
    above = {
        id(weight): len(layers) - 1 - at
        for at, layer in enumerate(layers)
        for weight in layer.parameters()
    }
    if encoder.sparse is not None:
        above[id(encoder.sparse.values)] = 0  # they lie in all the opened layers
    trained = [weight for weight in encoder.parameters() if weight.requires_grad]
    return {weight: above.get(id(weight), len(layers)) for weight in trained}
