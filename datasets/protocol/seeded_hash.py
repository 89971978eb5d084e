"""Seeded hashes: random numbers by the seed and the original ids, never by the order of rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import DoubleArray, LongArray, TextArray
from ..splitmix import Hashes, splitmix64


def hash_ids(ids: TextArray) -> Hashes:
    """Return one 64-bit key per original id; the same text has the same key in any dataset.

    Parameters
    ----------
    ids
        Text array, (entities,); the width of its dtype does not matter.
    """
    text = np.ascontiguousarray(ids, dtype=np.str_)
    keys = np.zeros(len(text), dtype=np.uint64)
    if text.dtype.itemsize == 0 or not len(text):
        return keys
    letters = text.view(np.uint32).reshape(len(text), -1)
    for column in range(letters.shape[1]):
        letter = letters[:, column].astype(np.uint64)
        keys = np.where(letter == 0, keys, splitmix64(keys ^ letter))
    return keys


def entity_hashes(keys: Hashes, seed: int, purpose: str) -> Hashes:
    """Return one uniform 64-bit hash per entity, independent between seeds and purposes."""
    return splitmix64(keys ^ _stream(seed, purpose))


def pair_hashes(user_keys: Hashes, item_keys: Hashes, seed: int, purpose: str) -> Hashes:
    """Return one uniform 64-bit hash per pair from the keys of its user and its item."""
    return joined_hashes(entity_hashes(user_keys, seed, purpose), item_keys)


def joined_hashes(user_hashes: Hashes, item_keys: Hashes) -> Hashes:
    """Return the hashes of pairs from their users' own: those are computed once per user."""
    return splitmix64(user_hashes + item_keys)


def to_unit_interval(hashes: Hashes) -> DoubleArray:
    """Return the hashes as float64 in [0, 1)."""
    numbers: DoubleArray = (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return numbers


def order_by_key(
    groups: npt.NDArray[Any], keys: Hashes, hashes: Callable[[LongArray], Hashes]
) -> LongArray:
    """Return the positions sorted by group, then by key, then by hash.

    A radix sort over the group and so many high bits of the key that hardly two rows of a
    group share them; what that leaves tied is sorted again, exactly.

    Parameters
    ----------
    groups
        Non-negative integers, (rows,).
    keys
        uint64, (rows,).
    hashes
        Gives the hashes of some positions.
    """
    if not len(groups):
        return np.zeros(0, dtype=np.int64)
    width = np.uint64(max(1, int(groups.max()).bit_length()))
    joined = (groups.astype(np.uint64) << (np.uint64(64) - width)) | (keys >> width)
    digits = min(4, -(-(int(width) + len(groups).bit_length()) // 16))
    order = _radix_order(joined, digits)
    ordered = joined[order] >> np.uint64(64 - 16 * digits)
    equal = ordered[1:] == ordered[:-1]
    if equal.any():
        slots = np.flatnonzero(np.append(equal, False) | np.insert(equal, 0, False))
        tied = order[slots]
        order[slots] = tied[np.lexsort((hashes(tied), keys[tied], joined[tied]))]
    return order


def _radix_order(numbers: Hashes, digits: int) -> LongArray:
    """Return the positions sorted by so many leading digits of 16 bits, ties as they stand."""
    parts = [(numbers >> np.uint64(16 * at)).astype(np.uint16) for at in range(4 - digits, 4)]
    order = np.argsort(parts[0], kind="stable")  # numpy sorts 16 bits by counting
    for part in parts[1:]:
        order = order[np.argsort(part[order], kind="stable")]
    return order


def _stream(seed: int, purpose: str) -> Hashes:
    """Return the key, (1,), of one stream of hashes."""
    start = np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64)
    return splitmix64(splitmix64(start) ^ hash_ids(np.array([purpose])))
