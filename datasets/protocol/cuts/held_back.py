"""Pairs of the past that are never trained on: they measure what a method has forgotten."""

from dataclasses import replace

import numpy as np

from ...arrays import IntArray, LongArray
from ...splitmix import Hashes
from ..seeded_hash import pair_hashes, to_unit_interval
from .cut import EARLIER, LATEST, TRAIN, Cut


def hold_back(
    cut: Cut, keys: tuple[Hashes, Hashes], seed: int, share: float, latest: int | None
) -> Cut:
    """Take a share of the training pairs out of training, whatever the cut-offs the same ones.

    The first pair of a user and of an item stays: so nobody becomes cold by it. Which pairs are
    taken depends on their ids, the seed and what was there before them, on nothing later.

    Parameters
    ----------
    cut
        By time.
    keys
        uint64, of users and of items.
    share
        Of the training pairs.
    latest
        Time at which the latest period of training begins; None where it is all there is.
    """
    pairs, at = cut.pairs, np.flatnonzero(cut.parts == TRAIN)
    users, items, times = pairs.users[at], pairs.items[at], pairs.timestamps
    assert times is not None  # of every cut by time
    hashes = pair_hashes(keys[0][users], keys[1][items], seed, "held back")
    taken = to_unit_interval(hashes) < share
    for entities in (users, items):
        taken[_find_first(entities, times[at], hashes)] = False
    parts, held = cut.parts.copy(), at[taken]
    earlier = np.zeros(len(held), dtype=bool) if latest is None else times[held] < latest
    parts[held] = np.where(earlier, EARLIER, LATEST)
    return replace(cut, parts=parts)


def _find_first(entities: IntArray, times: LongArray, hashes: Hashes) -> LongArray:
    """Return the place of the first pair of each entity; within a second the hash decides."""
    order = np.lexsort((hashes, times, entities))
    ordered = entities[order]
    first: LongArray = order[np.append(True, ordered[1:] != ordered[:-1])[: len(order)]]
    return first
