"""The seeded lot that orders equal scores.

The lot of a pair is a function of (seed, dataset user, dataset item) alone, so it depends neither
on the order of users or candidates nor on the block in which they are ranked. For one user it is
a bijection of the 32-bit item index: no two items draw the same lot, and the item can be read
back from it.
"""

import numpy as np

from ...datasets.arrays import IntArray

GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
"""Constants of SplitMix64 (Steele, Lea and Flood 2014)."""
LOW, HIGH = 0x7FEB352D, 0x846CA68B
"""Multipliers of a 32-bit mixer of low bias (Wellons 2018)."""
LOW_INVERSE, HIGH_INVERSE = pow(LOW, -1, 2**32), pow(HIGH, -1, 2**32)

LotArray = np.ndarray
"""uint64 array."""


def _splitmix(values: LotArray) -> LotArray:
    mixed = values + np.uint64(GOLDEN)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(FIRST)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(SECOND)
    result: LotArray = mixed ^ (mixed >> np.uint64(31))
    return result


def user_keys(seed: int, users: IntArray) -> LotArray:
    """Return the uint64 key of each user's lot."""
    start = _splitmix(np.array([seed % 2**64], dtype=np.uint64))
    return _splitmix(start ^ users.astype(np.uint64))


def _mix(values: LotArray) -> LotArray:
    """Return a bijection of 32-bit values held in uint64."""
    mask = np.uint64(0xFFFFFFFF)
    values = ((values ^ (values >> np.uint64(16))) * np.uint64(LOW)) & mask
    values = ((values ^ (values >> np.uint64(15))) * np.uint64(HIGH)) & mask
    mixed: LotArray = values ^ (values >> np.uint64(16))
    return mixed


def lots(keys: LotArray, items: IntArray) -> LotArray:
    """Return the lot of each (user key, item) pair, smaller first; the arguments broadcast."""
    low, high = keys & np.uint64(0xFFFFFFFF), keys >> np.uint64(32)
    return _mix(_mix(items.astype(np.uint64) ^ low) ^ high)
