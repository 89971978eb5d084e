"""What each cold item contributes to a mean over users, and what the mean would be by chance.

NDCG and recall of a user are sums over the items that were hit, so that their mean over users is
a sum over items too. On cold items the items were drawn at random: how unequal their contributions
are says how far another draw of items would move the mean.
"""

from typing import NamedTuple

import numpy as np

from ...datasets.arrays import DoubleArray, IntArray, LongArray
from ...datasets.world import Holdout
from .ranking import RankingResult
from .slices import choose_slice_ks

METRICS = ("ndcg", "recall")
"""Values that are sums over the items that were hit."""


class ItemContributions(NamedTuple):
    """The cold items that are truth of somebody, and what each adds.

    Attributes
    ----------
    items
        int32, (items,): dataset indices, ascending.
    users
        int64, (items,): how many users have the item as truth.
    sums
        float64, (items,) by value, ``"ndcg@10"``: the sum over users of gain / ideal, or of
        1 / truth; where all candidates are cold they add up to the sum of the users' values.
    """

    items: IntArray
    users: LongArray
    sums: dict[str, DoubleArray]


def sum_by_item(holdout: Holdout, measured: RankingResult, ks: list[int]) -> ItemContributions:
    """Return the contributions of the cold items of a task; none where no candidate is cold."""
    count = len(holdout.items)
    users = np.bincount(holdout.truth.indices, minlength=count)
    kept = np.flatnonzero((users > 0) & holdout.cold_items)
    kept = kept[np.argsort(holdout.items[kept], kind="stable")]
    sums: dict[str, DoubleArray] = {}
    if len(kept):
        ranked = measured.ranked
        row, place = np.nonzero(ranked.hits)
        item, truth = ranked.positions[row, place], ranked.truth_counts
        discounts = 1.0 / np.log2(np.arange(2, ranked.hits.shape[1] + 2))
        ideals = np.cumsum(1.0 / np.log2(np.arange(2, max(ks) + 2)))
        for k in ks:
            within = place < k
            gains = {
                "ndcg": discounts[place] / ideals[np.minimum(truth, k) - 1][row],
                "recall": 1.0 / truth[row],
            }
            for name in METRICS:
                added = np.bincount(item, gains[name] * within, count)
                sums[f"{name}@{k}"] = np.asarray(added[kept], dtype=np.float64)
    return ItemContributions(holdout.items[kept].astype(np.int32), users[kept], sums)


def linearise(found: ItemContributions, name: str, users: int) -> DoubleArray:
    """Return float64, (items,): by how much the mean moves when an item is drawn once more.

    A mean is the ratio of what the items add and how often they are wanted: an item that is
    wanted by many and missed by all moves it down as surely as a hit moves it up. This is the
    influence of one item on that ratio (Davison and Hinkley 1997, section 2.7.2), so that the
    sum over the items is 0.
    """
    added, wanted = found.sums[name], found.users
    moved: DoubleArray = (added - added.sum() / max(wanted.sum(), 1) * wanted) / max(users, 1)
    return moved


def compute_chance_level(measured: RankingResult, ks: list[int]) -> dict[str, float]:
    """Return the expected NDCG and recall of a random order, at the cut-offs of the slices.

    Of a user's c candidates, t of them truth, each place of the list is a hit with probability
    t / c: recall is k / c, and the gain is t / c times the sum of the first k discounts.
    """
    truth = measured.ranked.truth_counts
    candidates = np.maximum(measured.ranked.candidate_counts, 1)
    gains = np.cumsum(1.0 / np.log2(np.arange(2, max(ks) + 2)))
    found = {}
    for k in choose_slice_ks(ks):
        listed = np.minimum(k, candidates)
        ideal = gains[np.minimum(truth, k) - 1]
        found[f"ndcg@{k}"] = float(np.mean(truth / candidates * gains[listed - 1] / ideal))
        found[f"recall@{k}"] = float(np.mean(listed / candidates))
    return found
