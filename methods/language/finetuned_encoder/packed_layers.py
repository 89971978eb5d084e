"""A layer of BERT or RoBERTa over packed texts, in fp32 or in bf16."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from .added_parts import join_prefix
from .fast_dropout import drop_out
from .packed_texts import PackedTexts
from .updated_products import multiply


def run_layer(layer: Any, hidden: Tensor, packed: PackedTexts) -> Tensor:
    """Return (rows, width): the layer's output in the precision of ``hidden``.

    The layer's weights stay as they are; in bf16 each is rounded for the product, as autocast does,
    but so are those that are not trained, and no value between two products is widened.

    Parameters
    ----------
    layer
        A layer of transformers' BERT, RoBERTa or XLM-RoBERTa, with what ``opened_parts`` adds or
        without. It drops out where it is in training mode.
    hidden
        (rows, width), float32 or bfloat16.
    packed
        How the tokens lie.
    """
    attention, own = layer.attention, layer.attention.self
    heads, probability = own.num_attention_heads, own.dropout.p if layer.training else 0.0

    def attend(query: Tensor, key: Tensor, value: Tensor, real: Tensor | None) -> Tensor:
        def split(padded: Tensor) -> Tensor:
            return padded.view(*padded.shape[:2], heads, -1).transpose(1, 2)

        key, value, real = join_prefix(own, key, value, real)
        mask = None if real is None else real[:, None, None, :]
        mixed = _attend(split(query), split(key), split(value), mask, probability)
        return mixed.transpose(1, 2).flatten(2)

    query, key, value = (multiply(one, hidden) for one in (own.query, own.key, own.value))
    mixed = packed.attend(query, key, value, attend)
    hidden = _add_and_scale(attention.output, mixed, hidden, packed.tokens)
    inner = layer.intermediate.intermediate_act_fn(multiply(layer.intermediate.dense, hidden))
    return _add_and_scale(layer.output, inner, hidden, packed.tokens)


def _attend(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, probability: float
) -> Tensor:
    """Return softmax(query key^T / sqrt(width)) value, weights left out with ``probability``."""
    if not query.requires_grad and probability == 0:
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    # On the processor torch's fused kernel has no dropout, and backwards in bf16 it takes four
    # times as long as these products.
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return drop_out(scores.softmax(dim=-1), probability) @ value


def _add_and_scale(block: Any, hidden: Tensor, beside: Tensor, tokens: int) -> Tensor:
    """Return the block's product, dropped out and adapted, added to ``beside`` and normalised."""
    made = multiply(block.dense, hidden)
    made = drop_out(made, block.dropout.p if block.training else 0.0, tokens)
    if hasattr(block, "adapter"):
        made = block.adapter(made)
    norm, kind = block.LayerNorm, made.dtype
    weight, bias = norm.weight.to(kind), norm.bias.to(kind)
    return functional.layer_norm(made + beside, norm.normalized_shape, weight, bias, norm.eps)
