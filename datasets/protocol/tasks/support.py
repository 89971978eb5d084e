"""Nested support: in which order the interactions of a cold entity are shown."""

from dataclasses import dataclass

import numpy as np

from ...arrays import BoolArray, IntArray, LongArray
from ...interactions import Interactions
from ...splitmix import Hashes
from ..seeded_hash import order_by_key, pair_hashes


@dataclass(frozen=True)
class SupportOrder:
    """For pairs of cold entities: how many pairs that can be shown come before each.

    Attributes
    ----------
    at
        int64, (pairs,): positions of the pairs.
    before
        int64, (pairs,): showable pairs of the same entity that come earlier.
    totals
        int64, (entities of the dataset,): showable pairs of each.
    """

    at: LongArray
    before: LongArray
    totals: LongArray

    def only(self, keep: BoolArray) -> "SupportOrder":
        """Return the counts of some of the pairs."""
        return SupportOrder(self.at[keep], self.before[keep], self.totals)


@dataclass(frozen=True)
class Order:
    """Puts pairs in order: by time when every pair has one, and by hash (also within a second)."""

    pairs: Interactions
    user_keys: Hashes
    item_keys: Hashes
    seed: int

    def shown(self, at: LongArray, groups: IntArray, showable: BoolArray, n: int) -> SupportOrder:
        """Count, within each group, the showable pairs before each pair.

        Parameters
        ----------
        at
            Positions of the pairs to put in order.
        groups
            int32, (len(at),): the cold entity of each.
        showable
            bool, (len(at),): which may be support (the other end is warm).
        n
            Entities on the cold side of the dataset.
        """
        totals = np.bincount(groups[showable], minlength=n)
        order = self._sorted(at, groups)
        counted = showable[order].astype(np.int64)
        # All showable pairs of the groups in front precede a group's own: they are taken off.
        in_front = (np.cumsum(totals) - totals)[groups[order]]
        before = np.empty(len(at), dtype=np.int64)
        before[order] = np.cumsum(counted) - counted - in_front
        return SupportOrder(at, before, totals)

    def _sorted(self, at: LongArray, groups: IntArray) -> LongArray:
        """Return the places in ``at`` sorted by group, then by time, then by hash."""

        def hashes(of: LongArray) -> Hashes:
            users, items = self.pairs.users[at[of]], self.pairs.items[at[of]]
            user_keys, item_keys = self.user_keys[users], self.item_keys[items]
            return pair_hashes(user_keys, item_keys, self.seed, "support")

        everything = np.arange(len(at))
        times = self.pairs.timestamps
        if times is None or not self.pairs.has_all_times:
            return order_by_key(groups, hashes(everything), hashes)
        since = (times[at] - times[at].min(initial=np.iinfo(np.int64).max)).astype(np.uint64)
        width = np.uint64(64 - int(groups.max(initial=1)).bit_length())
        if int(since.max(initial=0)).bit_length() > width:
            return np.lexsort((hashes(everything), since, groups))
        return order_by_key(groups, since << (np.uint64(64) - width), hashes)
