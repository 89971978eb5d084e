"""Seeded lots: random numbers that depend on the seed and the original ids, never on row order."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..arrays import DoubleArray, LongArray, TextArray

Lots: TypeAlias = npt.NDArray[np.uint64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def id_keys(ids: TextArray) -> Lots:
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
        keys = np.where(letter == 0, keys, _mix(keys ^ letter))
    return keys


def entity_lots(keys: Lots, seed: int, purpose: str) -> Lots:
    """Return one uniform 64-bit lot per entity, independent between seeds and purposes."""
    return _mix(keys ^ _stream(seed, purpose))


def pair_lots(user_keys: Lots, item_keys: Lots, seed: int, purpose: str) -> Lots:
    """Return one uniform 64-bit lot per pair from the keys of its user and its item."""
    return joined_lots(entity_lots(user_keys, seed, purpose), item_keys)


def joined_lots(user_lots: Lots, item_keys: Lots) -> Lots:
    """Return the lots of pairs whose users' own lots are drawn already: once per user, not pair."""
    return _mix(user_lots + item_keys)


def unit(lots: Lots) -> DoubleArray:
    """Return the lots as float64 in [0, 1)."""
    numbers: DoubleArray = (lots >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return numbers


def order_by_key(
    groups: npt.NDArray[Any], keys: Lots, lots: Callable[[LongArray], Lots]
) -> LongArray:
    """Return the positions sorted by group, then by key, then by lot.

    A radix sort over the group and so many high bits of the key beside it that hardly two rows of a
    group share them; what that leaves tied is sorted again, exactly.

    Parameters
    ----------
    groups
        Non-negative integers, (rows,).
    keys
        uint64, (rows,).
    lots
        Gives the lots of some positions.
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
        order[slots] = tied[np.lexsort((lots(tied), keys[tied], joined[tied]))]
    return order


def _radix_order(numbers: Lots, digits: int) -> LongArray:
    """Return the positions sorted by so many leading digits of 16 bits, ties as they stand."""
    parts = [(numbers >> np.uint64(16 * at)).astype(np.uint16) for at in range(4 - digits, 4)]
    order = np.argsort(parts[0], kind="stable")  # numpy sorts 16 bits by counting
    for part in parts[1:]:
        order = order[np.argsort(part[order], kind="stable")]
    return order


def _stream(seed: int, purpose: str) -> Lots:
    """Return the key, (1,), of one stream of lots."""
    start = np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64)
    return _mix(_mix(start) ^ id_keys(np.array([purpose])))


def _mix(numbers: Lots) -> Lots:
    """Return the SplitMix64 finaliser of each number.

    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    mixed = numbers + _GAMMA
    mixed ^= mixed >> np.uint64(30)
    mixed *= _FIRST
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND
    mixed ^= mixed >> np.uint64(31)
    return mixed
