"""Which weights of an encoder are trained: everything in some layers, biases, norms, or updates."""

from typing import Any

import torch
from torch import nn

from ..text_encoder.transformer import load_encoder
from .added_parts import add_adapters, add_prefixes
from .rank_budget import FIRST
from .settings import Tuning
from .soft_prompt import SoftPrompt
from .sparse_weights import SparseWeights
from .tuned_encoder import TunedEncoder


def load_tuned_encoder(
    folder: str,
    max_length: int,
    tuning: Tuning,
    *,
    top_layers: int,
    lora: tuple[int, float] = (8, 16.0),
    dropout: float | None = None,
    prefix: str = "",
    sparse_share: float = 0.005,
) -> TunedEncoder:
    """Load an encoder and open part of it for training.

    Parameters
    ----------
    tuning
        ``full`` opens the whole encoder; all others open something in the upper layers:
        ``top_layers`` all weights, ``bitfit`` all biases (Ben Zaken et al., BitFit, ACL 2022, of
        these layers), ``layer_norm`` weights and biases of the normalisations. With the others the
        weights stay frozen and something new is trained: ``lora`` low-rank updates to the
        projections of queries and values, ``dora`` these and the length of each of their rows,
        ``adalora`` updates U S V to all six products of a layer, see ``rank_budget``,
        ``ia3`` scales of keys, values and inner activations (Liu et al., Few-Shot
        Parameter-Efficient Fine-Tuning, NeurIPS 2022, section 3.3), ``adapter`` two small networks
        in each layer, and the normalisations, ``prefix`` keys and values in front of every text,
        ``prompt`` and ``p_tuning`` vectors in front of its words, see ``soft_prompt``; ``sparse``
        a few single weights, see ``sparse_weights``.
    top_layers
        How many layers that is, counted from the top.
    lora
        (rank, alpha) of the low-rank updates; the rank is also the inner width of an adapter and
        the length of a prefix or prompt.
    dropout
        Of the encoder in training; None leaves the model's own.
    prefix
        Before every text.
    sparse_share
        Of the upper layers' weights, how many ``sparse`` trains.
    """
    loaded = load_encoder(folder, torch.float32, "cpu")
    whole = tuning in (Tuning.FULL, Tuning.PROMPT, Tuning.P_TUNING)
    layers = None if whole else top_layers
    encoder = TunedEncoder(loaded, max_length, layers, dropout, prefix)
    upper = encoder.layers[encoder.cut or 0 :]
    if tuning in (Tuning.LORA, Tuning.DORA, Tuning.ADALORA, Tuning.IA3):
        _inject(encoder, tuning, *lora)
    elif tuning in (Tuning.PROMPT, Tuning.P_TUNING):
        network = tuning is Tuning.P_TUNING
        words: Any = loaded.model.get_input_embeddings()  # type: ignore[operator]
        encoder.prompt = SoftPrompt(words.weight, lora[0], network=network)
    elif tuning is Tuning.PREFIX:
        add_prefixes(upper, lora[0])
    elif tuning is Tuning.ADAPTER:
        add_adapters(upper, lora[0])
        _open_some(upper, ("LayerNorm.", "adapter."))
    elif tuning is Tuning.FULL:
        encoder.body.embeddings.requires_grad_(True)  # type: ignore[union-attr]
        upper.requires_grad_(True)
    elif tuning is Tuning.SPARSE:
        encoder.sparse = SparseWeights(upper, sparse_share)
    elif tuning is Tuning.TOP_LAYERS:
        upper.requires_grad_(True)
    else:
        _open_some(upper, ("LayerNorm." if tuning is Tuning.LAYER_NORM else "bias",))
    return encoder


def _open_some(layers: nn.Module, parts: tuple[str, ...]) -> None:
    """Train the weights whose name has one of the parts."""
    for name, weight in layers.named_parameters():
        weight.requires_grad_(any(part in name for part in parts))


def _inject(encoder: TunedEncoder, tuning: Tuning, rank: int, alpha: float) -> None:
    """Put peft's updates into the layers above the cut."""
    from peft import AdaLoraConfig, IA3Config, LoraConfig, inject_adapter_in_model

    numbers = "|".join(map(str, range(encoder.cut or 0, len(encoder.layers))))
    layer = rf".*layer\.({numbers})\."
    if tuning is Tuning.IA3:
        inner = layer + r"output\.dense"
        targets = rf"{layer}(attention\.self\.(key|value)|output\.dense)"
        config: Any = IA3Config(target_modules=targets, feedforward_modules=inner)
    elif tuning is Tuning.ADALORA:
        config = AdaLoraConfig(
            init_r=round(FIRST * rank),
            lora_alpha=alpha,  # type: ignore[arg-type]
            target_modules=rf"{layer}(.*dense|attention\.self\.(query|key|value))",
            total_step=1,  # the budget's schedule is RankBudget's
            tinit=0,
            tfinal=0,
        )
    else:
        config = LoraConfig(
            r=rank,
            lora_alpha=alpha,  # type: ignore[arg-type]
            target_modules=rf"{layer}attention\.self\.(query|value)",
            use_dora=tuning is Tuning.DORA,
        )
    inject_adapter_in_model(config, encoder.body)
