"""A network's weights as plain arrays, for ``Method.state`` and ``Method.restore``."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import nn


def to_arrays(module: "nn.Module", *, trainable_only: bool = False) -> dict[str, np.ndarray]:
    """Return the parameters and buffers of a network by name, copied to numpy.

    Parameters
    ----------
    module
        Any torch module; a bfloat16 tensor, which numpy does not know, comes back as float32.
    trainable_only
        Leave out parameters with ``requires_grad=False`` (the frozen part of a language model,
        which can be had from its own file again).
    """
    import torch

    frozen = {name for name, p in module.named_parameters() if not p.requires_grad}
    arrays = {}
    for name, tensor in module.state_dict().items():
        if not (trainable_only and name in frozen):
            tensor = tensor.detach().cpu()
            tensor = tensor.float() if tensor.dtype is torch.bfloat16 else tensor
            arrays[name] = tensor.numpy().copy()
    return arrays


def from_arrays(module: "nn.Module", arrays: dict[str, np.ndarray]) -> None:
    """Set the weights of a network, of the same shape, from what ``to_arrays`` returned.

    Raises
    ------
    ValueError
        When a name is unknown, or a trainable parameter is missing.
    """
    import torch

    state = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    missing, unknown = module.load_state_dict(state, strict=False)
    needed = {name for name, p in module.named_parameters() if p.requires_grad}
    if unknown or needed.intersection(missing):
        raise ValueError(
            f"the saved weights do not fit {type(module).__name__}: unknown {sorted(unknown)}, "
            f"missing {sorted(needed.intersection(missing))}; build it with the same parameters"
        )


def count_parameters(module: "nn.Module") -> tuple[int, int]:
    """Return (trainable, all) parameters of a network."""
    sizes = [(p.numel(), p.requires_grad) for p in module.parameters()]
    return sum(n for n, trainable in sizes if trainable), sum(n for n, _ in sizes)


def device_of(module: "nn.Module") -> "torch.device":
    """Return where a network's parameters live: inputs must be moved there."""
    return next(module.parameters()).device
