"""What a network makes of many entities, a block at a time, so that memory stays bounded."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from ...datasets.arrays import FloatArray

if TYPE_CHECKING:
    from torch import Tensor, nn

BLOCK = 4096  # entities whose dense inputs are held at once


def encode_in_blocks(
    net: "nn.Module",
    shape: tuple[int, int],
    inputs: Callable[[slice], Iterable[np.ndarray]],
    encode: "Callable[..., Tensor] | None" = None,
    block: int | None = None,
) -> FloatArray:
    """Return float32, ``shape``: what a network makes of each entity's inputs.

    Parameters
    ----------
    net
        The network, in evaluation mode: then no entity's encoding depends on its neighbours in
        the block, or on the size of the block beyond rounding.
    shape
        (entities, columns of an encoding).
    inputs
        ``inputs(slice)`` makes the dense inputs of a block of entities, one array for each
        argument of ``encode``; they are moved to the device of ``net``.
    encode
        Called on the inputs as tensors, without gradients; by default the network itself.
    block
        Entities in a block; by default ``BLOCK``.
    """
    import torch

    from ..training.weights import device_of

    encode, device, block = encode or net, device_of(net), block or BLOCK
    encoded = np.empty(shape, dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(encoded), block):
            at = slice(start, min(start + block, len(encoded)))
            tensors = (torch.from_numpy(array).to(device) for array in inputs(at))
            encoded[at] = encode(*tensors).cpu().numpy()
    return encoded
