"""The one finaliser behind every seeded hash: of ties, of random cuts, of what a method draws."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Hashes: TypeAlias = npt.NDArray[np.uint64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def splitmix64(numbers: Hashes) -> Hashes:
    """Return the SplitMix64 finaliser of each number: a bijection of 64 bits, well mixed.

    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.

    Parameters
    ----------
    numbers
        uint64 array of any shape, at least one dimension (numpy warns when a scalar wraps around).
    """
    mixed = numbers + _GAMMA
    mixed ^= mixed >> np.uint64(30)
    mixed *= _FIRST
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND
    mixed ^= mixed >> np.uint64(31)
    return mixed
