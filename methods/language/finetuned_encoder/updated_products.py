"""W x + b under whatever is trained next to W: low-rank updates, magnitudes, scales."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def multiply(module: Any, hidden: Tensor) -> Tensor:
    """Return W x + b with the updates that the module has, in the precision of ``hidden``.

    Parameters
    ----------
    module
        A linear layer, by itself or inside peft's LoRA, DoRA, AdaLoRA or IA3.
    hidden
        (rows, width), float32 or bfloat16; every weight is rounded to it for the product.
    """
    kind, plain = hidden.dtype, getattr(module, "base_layer", module)
    if plain is module:
        return functional.linear(hidden, plain.weight.to(kind), plain.bias.to(kind))
    (name,) = module.active_adapters
    if hasattr(module, "ia3_l"):
        scale: Tensor = module.ia3_l[name].flatten().to(kind)
        if module.is_feedforward:
            return multiply(plain, hidden * scale)
        return multiply(plain, hidden) * scale
    if hasattr(module, "lora_E"):
        return multiply(plain, hidden) + _update_by_singular_values(module, name, hidden)
    if module.use_dora.get(name, False):
        return _multiply_dora(module, name, hidden)
    # Added to W it would be lost where it is smaller than the rounding of W to bf16.
    return multiply(plain, hidden) + _update(module, name, hidden)


def _update(module: Any, name: str, hidden: Tensor) -> Tensor:
    """Return s B A x."""
    kind, down, up = hidden.dtype, module.lora_A[name].weight, module.lora_B[name].weight
    low = functional.linear(hidden, down.to(kind))
    return functional.linear(low, (up * module.scaling[name]).to(kind))


def _update_by_singular_values(module: Any, name: str, hidden: Tensor) -> Tensor:
    """Return s / r U S V x, r the number of singular values at first."""
    kind, scale = hidden.dtype, module.scaling[name] / (module.ranknum[name] + 1e-5)
    low = functional.linear(hidden, (module.lora_A[name] * module.lora_E[name]).to(kind))
    return functional.linear(low, (module.lora_B[name] * scale).to(kind))


def _multiply_dora(module: Any, name: str, hidden: Tensor) -> Tensor:
    """Return m / |W + s B A| (W x + s B A x) + b, the length of each row held constant.

    Source: Liu et al., DoRA: Weight-Decomposed Low-Rank Adaptation, ICML 2024, equation 5 and
    section 4.3 (no gradient through the length).
    """
    kind, plain = hidden.dtype, module.base_layer
    down, up = module.lora_A[name].weight, module.lora_B[name].weight
    with torch.no_grad():
        lengths = torch.linalg.norm(plain.weight + module.scaling[name] * (up @ down), dim=1)
    scale = (module.lora_magnitude_vector[name].weight / lengths).to(kind)
    made = functional.linear(hidden, plain.weight.to(kind)) + _update(module, name, hidden)
    scaled: Tensor = made * scale + plain.bias.to(kind)
    return scaled
