"""Which weights of an encoder are trained: everything in some layers, biases, norms, or updates."""

import torch
from torch import nn

from ..text_encoder.transformer import load_encoder
from .settings import Tuning
from .tuned_encoder import TunedEncoder


def load_tuned_encoder(
    folder: str,
    max_length: int,
    tuning: Tuning,
    *,
    top_layers: int,
    lora: tuple[int, float] = (8, 16.0),
    dropout: float | None = None,
) -> TunedEncoder:
    """Load an encoder and open part of it for training.

    Parameters
    ----------
    tuning
        ``full`` opens the whole encoder; all others open something in the upper layers:
        ``top_layers`` all weights, ``bitfit`` all biases (Ben Zaken et al., BitFit, ACL 2022, of
        these layers), ``layer_norm`` weights and biases of the normalisations, ``lora`` low-rank
        updates to the projections of queries and values, which themselves stay frozen.
    top_layers
        How many layers that is, counted from the top.
    lora
        (rank, alpha) of the low-rank updates.
    dropout
        Of the encoder in training; None leaves the model's own.
    """
    loaded = load_encoder(folder, torch.float32, "cpu")
    layers = None if tuning is Tuning.FULL else top_layers
    encoder = TunedEncoder(loaded, max_length, layers, dropout)
    upper = encoder.layers[encoder.cut or 0 :]
    if tuning is Tuning.LORA:
        _add_lora(encoder, *lora)
    elif tuning is Tuning.FULL:
        encoder.body.embeddings.requires_grad_(True)  # type: ignore[union-attr]
        upper.requires_grad_(True)
    elif tuning is Tuning.TOP_LAYERS:
        upper.requires_grad_(True)
    else:
        _open_some(upper, "LayerNorm." if tuning is Tuning.LAYER_NORM else "bias")
    return encoder


def _open_some(layers: nn.Module, part: str) -> None:
    """Train the weights whose name has a part."""
    for name, weight in layers.named_parameters():
        weight.requires_grad_(part in name)


def _add_lora(encoder: TunedEncoder, rank: int, alpha: float) -> None:
    from peft import LoraConfig, inject_adapter_in_model

    first = encoder.cut or 0
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,  # type: ignore[arg-type]
        target_modules=["query", "value"],
        layers_to_transform=list(range(first, len(encoder.layers))),
        layers_pattern="layer",
    )
    inject_adapter_in_model(config, encoder.body)
