"""The tie-break hash, which orders equal scores: smaller comes first.

The hash of a pair is a function of (seed, dataset user, dataset item) alone, so it depends neither
on the order of users or candidates nor on the block in which they are ranked. For one user it is
a bijection of the 32-bit item index, mix(mix(item ^ low) ^ high) with the two halves of the user's
key: no two items have the same hash, and the item can be read back from it.
"""

import numpy as np

from ...datasets.arrays import IntArray
from ...datasets.splitmix import Hashes, splitmix64

LOW, HIGH = 0x7FEB352D, 0x846CA68B
"""Multipliers of mix, a 32-bit mixer of low bias (Wellons 2018), which the kernels carry out."""
LOW_INVERSE, HIGH_INVERSE = pow(LOW, -1, 2**32), pow(HIGH, -1, 2**32)


def hash_users(seed: int, users: IntArray) -> Hashes:
    """Return uint64, (users,): what the hashes of each user's pairs depend on."""
    start = splitmix64(np.array([seed % 2**64], dtype=np.uint64))
    return splitmix64(start ^ users.astype(np.uint64))


def hash_items(user: np.uint64, items: IntArray) -> np.ndarray:
    """Return uint32, (items,): the tie-break hashes of one user's pairs, as the kernels make them.

    Parameters
    ----------
    user
        What ``hash_users`` returned for the user.
    items
        Dataset indices.
    """
    low, high = np.uint32(user & np.uint64(0xFFFFFFFF)), np.uint32(user >> np.uint64(32))
    return _mix(_mix(items.astype(np.uint32) ^ low) ^ high)


def _mix(numbers: np.ndarray) -> np.ndarray:
    # Arrays of uint32 wrap around at their products, as the mixer wants it.
    numbers = (numbers ^ (numbers >> np.uint32(16))) * np.uint32(LOW)
    numbers = (numbers ^ (numbers >> np.uint32(15))) * np.uint32(HIGH)
    mixed: np.ndarray = numbers ^ (numbers >> np.uint32(16))
    return mixed
