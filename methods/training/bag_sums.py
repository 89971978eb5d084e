"""Sums of the rows of a matrix over bags, whose gradient does not sort the entries."""

from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.nn import functional


def sum_bags(rows: Tensor, entries: Tensor, offsets: Tensor) -> Tensor:
    """Return (bags, width): of each bag the sum of its rows, zero for an empty one.

    ``functional.embedding_bag`` with mode ``sum``, but its gradient on the processor: torch's
    sorts all entries first, which takes longer than the sums themselves.

    Parameters
    ----------
    rows
        float32 (n, width).
    entries
        int64: rows of all bags, one bag after another.
    offsets
        int64 (bags + 1,): where each bag begins, and the number of entries.
    """
    sums: Tensor = _BagSums.apply(rows, entries, offsets)  # type: ignore[no-untyped-call]
    return sums


class _BagSums(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, entries: Tensor, offsets: Tensor) -> Tensor:
        ctx.save_for_backward(entries, offsets)
        ctx.count = len(rows)
        return functional.embedding_bag(
            entries, rows, offsets, mode="sum", include_last_offset=True
        )

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        entries, offsets = ctx.saved_tensors
        (gradient,) = gradients
        if gradient.device.type != "cpu":
            repeated = gradient.repeat_interleave(offsets.diff(), dim=0)
            whole = gradient.new_zeros(ctx.count, gradient.shape[1])
            return whole.index_add_(0, entries, repeated), None, None
        # sums = B rows, B the (bags, n) matrix of counts: the gradient is its transpose's product.
        ones = np.ones(len(entries), dtype=np.float32)
        shape = (len(offsets) - 1, ctx.count)
        bags = csr_matrix((ones, entries.numpy(), offsets.numpy()), shape)
        return torch.from_numpy(bags.T @ gradient.numpy()), None, None
