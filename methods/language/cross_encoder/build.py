"""The network of the cross-encoder from the files of an encoder."""

from typing import Any

import torch
from torch import nn

from ....datasets.errors import ColdbenchError
from ..low_rank import LoraSettings, inject_lora
from ..recomputed_layers import recompute_layers
from ..text_encoder.model_files import ModelFiles
from ..text_encoder.transformer import load_encoder
from .joined_texts import TextJoiner
from .network import JointNetwork, list_layers
from .settings import Tuning


def build_network(
    method: Any, files: ModelFiles, device: str = "cpu"
) -> tuple[JointNetwork, TextJoiner]:
    """Return the network in evaluation mode, and what joins two texts for it.

    The first weights of head and updates are drawn from torch's global generator.

    Parameters
    ----------
    method
        A ``CrossEncoder``, for its fields.

    Raises
    ------
    ColdbenchError
        When the model cannot read so many tokens or two texts, or has no such layers.
    """
    loaded = load_encoder(str(files.folder), torch.float32, "cpu")
    if method.max_length > loaded.most_tokens:
        raise ColdbenchError(
            f"max_length = {method.max_length} is more than the {loaded.most_tokens} tokens that "
            f"{files.name} can read"
        )
    joiner = TextJoiner.of(loaded.tokenizer, method.max_length, files.name)
    _open(method, files.name, loaded.model)
    if method.gradient_checkpointing:
        recompute_layers(files.name, loaded.model)
    network = JointNetwork(
        loaded.model,
        loaded.pooling,
        filler=loaded.tokenizer.pad_token_id or 0,
        typed=joiner.typed,
        dropout=method.dropout,
        loss=method.loss,
        together=1 + method.negatives,
    )
    return network.eval().to(device), joiner


def _open(method: Any, name: str, body: nn.Module) -> None:
    """Choose which weights of a frozen encoder are trained."""
    if method.tuning is Tuning.LORA:
        inject_lora(name, body, LoraSettings(method.lora_rank, method.lora_alpha, method.dropout))
    elif method.tuning is Tuning.FULL:
        for at, weight in body.named_parameters():
            weight.requires_grad_(not at.startswith("pooler."))  # its output is not read
    elif method.tuning is Tuning.TOP_LAYERS:
        layers = list_layers(body)
        if not 0 < method.top_layers <= len(layers):
            raise ColdbenchError(
                f"top_layers = {method.top_layers}, but {len(layers)} layers of {name} can be "
                "told apart; use fewer, or tuning=full or lora"
            )
        for layer in layers[-method.top_layers :]:
            layer.requires_grad_(True)
