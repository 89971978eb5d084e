"""Similarity of items by several inputs at once: the mean of their kernels."""

from collections.abc import Sequence
from enum import Enum

import numpy as np

from ...datasets.arrays import DoubleArray, LongArray
from ..sparse_rows import sum_rows
from .inputs import Rows

_ROWS = 1024  # rows of a kernel matrix that are computed at once


class Kernel(str, Enum):
    """Similarity of two unit vectors with cosine c."""

    LINEAR = "linear"  # c
    RBF = "rbf"  # exp(-gamma |x - y|^2)


def compare_items(
    left: Sequence[Rows], right: Sequence[Rows], kernel: Kernel, gamma: float
) -> DoubleArray:
    """Return the mean of the kernels of each input, float64 (left items, right items).

    Every input's vectors have length 1, so each kernel is 1 between equal items and none drowns
    the others. A zero vector (nothing known) is as far from every other one.
    """
    shape = left[0].shape[0], right[0].shape[0]
    total = np.zeros(shape)
    for ours, theirs in zip(left, right, strict=True):
        for at in range(0, shape[0], _ROWS):
            total[at : at + _ROWS] += _compare(ours[at : at + _ROWS], theirs, kernel, gamma)
    total /= len(left)
    return total


def take_items(rows: Sequence[Rows], at: LongArray | slice) -> list[Rows]:
    """Return some of the items, every input of them."""
    return [one[at] for one in rows]


def _compare(left: Rows, right: Rows, kernel: Kernel, gamma: float) -> DoubleArray:
    product = left.astype(np.float64) @ right.astype(np.float64).T
    found: DoubleArray = product if isinstance(product, np.ndarray) else product.toarray()
    if kernel is Kernel.RBF:
        # exp(-gamma |x - y|^2) with |x - y|^2 = |x|^2 - 2 x.y + |y|^2, in place; rounding may
        # leave a tiny negative square.
        found *= -2
        found += _squares(left)[:, None]
        found += _squares(right)[None, :]
        np.maximum(found, 0, out=found)
        found *= -gamma
        np.exp(found, out=found)
    return found


def _squares(rows: Rows) -> DoubleArray:
    """Return float64, (rows,): squared lengths."""
    if isinstance(rows, np.ndarray):
        squares: DoubleArray = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
        return squares
    return sum_rows(rows, rows.data.astype(np.float64) ** 2)
