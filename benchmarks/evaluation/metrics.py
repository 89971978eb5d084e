"""The accuracy metrics, each a class that reads one block of ranked lists.

An engine that ranks a full catalogue computes the built-in ones inside its kernel; the methods
here are the same definitions in whole-array form: the reference that the kernel is tested
against, and the way a third party's metric is computed.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...datasets.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from ...datasets.errors import ColdbenchError
from .direction import Direction


@dataclass(frozen=True)
class Ranked:
    """The ranked lists of some users, as a metric sees them.

    Attributes
    ----------
    positions
        int32, (users, depth): candidate positions, best first, -1 after the end of the list.
    hits
        bool, (users, depth): which of them are truth.
    truth_counts
        int64, (users,): truth items, listed or not; at least 1.
    candidate_counts
        int64, (users,): candidates that are not masked.
    scores
        float32, (users, depth), NaN after the end of the list.
    """

    positions: IntArray
    hits: BoolArray
    truth_counts: np.ndarray
    candidate_counts: np.ndarray
    scores: FloatArray | None = None


class Metric:
    """A value per user; higher is better unless ``direction`` says otherwise.

    A plugin subclasses it, names itself, and registers the class under ``coldbench.metrics``.

    Attributes
    ----------
    name
        The registered name, the part before ``@k`` in a result.
    uses_k
        False for a value of the whole list, which is then called once with the largest k.
    direction
        Which way it is better; with ``Direction.NONE`` a leaderboard has no winner.
    """

    name: ClassVar[str]
    uses_k: ClassVar[bool] = True
    direction: ClassVar[Direction] = Direction.HIGHER

    def per_user(self, ranked: Ranked, k: int) -> DoubleArray:
        """Return float64 (users,); NaN leaves a user out of the mean."""
        raise TypeError(f"{type(self).__name__} does not define per_user")


def _hits_at(ranked: Ranked, k: int) -> DoubleArray:
    counts: DoubleArray = ranked.hits[:, :k].sum(axis=1).astype(np.float64)
    return counts


class Recall(Metric):
    """Share of the truth that is among the first k: hits / truth.

    Differs: LensKit divides by min(k, truth).
    """

    name = "recall"

    def per_user(self, ranked: Ranked, k: int) -> DoubleArray:
        """Return hits at k over truth items."""
        recall: DoubleArray = _hits_at(ranked, k) / ranked.truth_counts
        return recall


class Precision(Metric):
    """Share of the first k that is truth: hits / k, also when the list is shorter than k.

    Differs: implicit's "precision" is a recall pooled over all users.
    """

    name = "precision"

    def per_user(self, ranked: Ranked, k: int) -> DoubleArray:
        """Return hits at k over k."""
        return _hits_at(ranked, k) / k


class HitRate(Metric):
    """1 when any of the first k is truth, else 0.

    Differs: RecPack's Hit counts the hits; ColdRec's "Hit Ratio" is a pooled recall.
    """

    name = "hit_rate"

    def per_user(self, ranked: Ranked, k: int) -> DoubleArray:
        """Return 1.0 for a hit, 0.0 for none."""
        return (_hits_at(ranked, k) > 0).astype(np.float64)


class NDCG(Metric):
    """Discounted cumulative gain with gain 1 and discount log2(rank + 1), over the ideal's.

    Source: Jaervelin and Kekaelaeinen 2002. The ideal list has min(k, truth) hits.
    Differs: RecTools divides by an ideal of k hits by default; torchmetrics takes the ideal from
    the list it is given, so a truth item outside that list does not count against it.
    """

    name = "ndcg"

    def per_user(self, ranked: Ranked, k: int) -> DoubleArray:
        """Return DCG at k over the ideal DCG at k."""
        discounts = 1.0 / np.log2(np.arange(2, k + 2))
        listed = ranked.hits[:, :k]
        gains = listed @ discounts[: listed.shape[1]]
        ideal = np.cumsum(discounts)[np.minimum(k, ranked.truth_counts) - 1]
        result: DoubleArray = gains / ideal
        return result


class MRR(Metric):
    """Reciprocal rank of the first hit among the first k, 0 without one.

    Differs: ir-measures' RR without cut-off reads the whole list.
    """

    name = "mrr"

    def per_user(self, ranked: Ranked, k: int) -> DoubleArray:
        """Return 1 / rank of the first hit within k."""
        listed = ranked.hits[:, :k]
        if listed.shape[1] == 0:
            return np.zeros(len(listed))
        first = listed.argmax(axis=1)
        return np.where(listed.any(axis=1), 1.0 / (first + 1), 0.0)


class MAP(Metric):
    """Average precision at k: the precision at each hit within k, over min(k, truth).

    Differs: trec_eval (ir-measures AP@k) and RecTools divide by truth, so that a perfect list of
    k hits scores less than 1 where truth exceeds k.
    """

    name = "map"

    def per_user(self, ranked: Ranked, k: int) -> DoubleArray:
        """Return the summed precision at the hits over min(k, truth)."""
        listed = ranked.hits[:, :k]
        precision = np.cumsum(listed, axis=1) / np.arange(1, listed.shape[1] + 1)
        result: DoubleArray = (precision * listed).sum(axis=1) / np.minimum(k, ranked.truth_counts)
        return result


class AUC(Metric):
    """Probability that a truth item scores above another candidate, ties counted half.

    Over every candidate that is not masked, per user; undefined (NaN) where all of them are
    truth. It needs the scores of the whole list: ``ranked`` must be as deep as the candidates.
    """

    name = "auc"
    uses_k = False

    def per_user(self, ranked: Ranked, k: int) -> DoubleArray:
        """Return the share of (truth, other) pairs in the right order."""
        if ranked.scores is None or ranked.positions.shape[1] < ranked.candidate_counts.max():
            raise ColdbenchError(
                f"AUC needs every candidate's score, but the lists end at "
                f"{ranked.positions.shape[1]} of {ranked.candidate_counts.max()}"
            )
        rows = zip(ranked.scores, ranked.hits, ranked.candidate_counts, strict=True)
        return np.array([_pair_share(s[:n], h[:n]) for s, h, n in rows], dtype=np.float64)


def _pair_share(scores: FloatArray, hits: BoolArray) -> float:
    """Return the Mann-Whitney share of pairs that ``hits`` win, ties half; NaN without pairs."""
    truth, others = scores[hits], np.sort(scores[~hits])
    if len(truth) == 0 or len(others) == 0:
        return float("nan")
    below = np.searchsorted(others, truth, "left") + np.searchsorted(others, truth, "right")
    return float(below.sum()) / (2.0 * len(truth) * len(others))


BUILT_IN: tuple[type[Metric], ...] = (Recall, Precision, HitRate, NDCG, MRR, MAP)
"""The metrics of the fused kernel, in the order of its output."""
