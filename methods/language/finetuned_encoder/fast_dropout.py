"""Dropout on the processor, whose masks cost a sixth of torch's own."""

import torch
from torch import Tensor, nn
from torch.nn import functional

_STEPS = 1 << 16
"""A mask compares 16 random bits with the probability, which is exact to a part in 65,536."""


def drop_out(hidden: Tensor, probability: float, rows: int | None = None) -> Tensor:
    """Return ``hidden`` with each value zero with ``probability``, the others scaled up.

    Parameters
    ----------
    hidden
        Floating point, any shape.
    probability
        From 0, which changes nothing, to below 1.
    rows
        Of a matrix, how many rows count: random numbers are drawn for these alone, so that rows of
        padding after them do not change what the others get. None means all.
    """
    if probability == 0:
        return hidden
    if hidden.device.type != "cpu":
        return functional.dropout(hidden, probability)
    # torch draws a number for every value, on one thread and through a slow generator of booleans.
    # One 64-bit number of the same global generator is enough for four values.
    count = hidden.numel()
    counting = count if rows is None else rows * hidden.shape[1]
    drawn = torch.zeros(-(-count // 4), dtype=torch.int64)
    drawn[: -(-counting // 4)].random_(-(1 << 63), None)
    bits = drawn.view(torch.int16)[:count].view(hidden.shape)
    kept = bits >= round(probability * _STEPS) - _STEPS // 2
    return hidden * (kept.to(hidden.dtype) * (1 / (1 - probability)))


class FastDropout(nn.Dropout):
    """``nn.Dropout`` by ``drop_out``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input as it is in evaluation mode, else with values left out."""
        return drop_out(input, self.p) if self.training else input
