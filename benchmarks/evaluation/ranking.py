"""What happens to a block of scores: it is masked, ranked and measured."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...datasets.arrays import (
    BoolArray,
    DoubleArray,
    FloatArray,
    IntArray,
    LongArray,
    make_read_only,
)
from ...datasets.errors import ColdbenchError
from ...datasets.world import Holdout
from .metrics import BUILT_IN, Ranked
from .tie_break import hash_users

SORTED_TOGETHER = 256
"""Rows of one call of the sort."""


@dataclass(frozen=True)
class RankingResult:
    """The pass over one task.

    Attributes
    ----------
    rows
        int64: the rows of the holdout that count, those with truth.
    ranked
        Their lists, as deep as the largest cut-off.
    values
        float64, (users, ks, built-in metrics).
    scores
        float32, (users, depth): scores of the lists, NaN after the end.
    auc
        float64, (users,), or None when it was not asked for.
    uninformed
        bool, (users,): whose candidates all have one score.
    """

    rows: LongArray
    ranked: Ranked
    values: DoubleArray
    scores: FloatArray
    auc: DoubleArray | None
    uninformed: BoolArray


class RankingPass:
    """The inputs of one pass over a task, and the arrays that ``rank_block`` fills.

    Parameters
    ----------
    task, holdout
        What is asked, and its name for errors.
    ks
        Increasing cut-offs.
    depth
        Length of the kept lists, at least the largest cut-off.
    seed
        Seed of the tie-break hash.
    auc
        Whether to count pairs over the whole list.
    """

    def __init__(
        self, task: str, holdout: Holdout, ks: list[int], depth: int, seed: int, auc: bool
    ) -> None:
        self.task, self.holdout, self.ks = task, holdout, np.array(ks, dtype=np.int64)
        self.truth = _pattern(holdout.truth)
        self.mask = _pattern(holdout.masked)
        truth_counts = np.diff(self.truth[0])
        self.rows = np.flatnonzero(truth_counts)
        n, candidates = len(self.rows), len(holdout.items)
        self.truth_counts = truth_counts[self.rows]
        self.candidate_counts = candidates - np.diff(self.mask[0])[self.rows]
        self.keys = hash_users(seed, holdout.users[self.rows])
        self.items = _fixed(holdout.items, np.int32)
        self.place = _places(task, holdout.items)
        self.positions = np.full((n, depth), -1, dtype=np.int32)
        self.hits = np.zeros((n, depth), dtype=np.bool_)
        self.scores = np.full((n, depth), np.nan, dtype=np.float32)
        self.values = np.zeros((n, len(ks), len(BUILT_IN)))
        self.auc = np.full(n, np.nan) if auc else None
        self.uninformed = np.zeros(n, dtype=np.bool_)
        self.discounts = 1.0 / np.log2(np.arange(2, max(ks) + 2))
        self.ideals = np.concatenate(([1.0], np.cumsum(self.discounts)))

    def result(self) -> RankingResult:
        """Return what the blocks wrote."""
        ranked = Ranked(
            self.positions, self.hits, self.truth_counts, self.candidate_counts, self.scores
        )
        return RankingResult(self.rows, ranked, self.values, self.scores, self.auc, self.uninformed)


def _pattern(matrix: Any) -> tuple[LongArray, IntArray]:
    """Return a CSR matrix's row starts and column indices in the two types of the kernel."""
    return _fixed(matrix.indptr, np.int64), _fixed(matrix.indices, np.int32)


def _fixed(array: np.ndarray, kind: Any) -> Any:
    """Return a read-only view: the kernel is compiled once more for arrays of another kind."""
    return make_read_only(np.ascontiguousarray(array, dtype=kind).view())


def _places(task: str, items: IntArray) -> IntArray:
    """Return the candidate position of every dataset item, -1 for what is not a candidate."""
    place = np.full(int(items.max()) + 1 if len(items) else 0, -1, dtype=np.int32)
    place[items] = np.arange(len(items), dtype=np.int32)
    if int((place >= 0).sum()) != len(items):
        raise ColdbenchError(f"task {task}: an item is listed twice among the candidates")
    return place


@dataclass
class Buffers:
    """What one worker writes over, block after block.

    ``scores`` is as wide as a whole number of groups of candidates; its margin stays -inf.
    """

    scores: FloatArray
    keys: LongArray
    groups: int

    @classmethod
    def of(cls, rows: int, candidates: int, depth: int) -> "Buffers":
        """Make the buffers of blocks of ``rows`` users."""
        groups = _groups(candidates, depth)
        width = -(-candidates // (4 * groups)) * 4 * groups
        return cls(
            np.full((rows, width), -np.inf, dtype=np.float32),
            np.empty((rows, width), dtype=np.int64),
            groups,
        )


def _groups(candidates: int, depth: int) -> int:
    """Return the number of groups of candidates whose maxima bound the top ``depth``.

    More groups bound it closer and cost more to search: 4, 8 ... 28 candidates in each, so that
    there are about four times as many groups as places, was the fastest.
    """
    size = 4 * min(7, max(1, candidates // (16 * depth)))
    return -(-candidates // size)


def rank_block(run: RankingPass, start: int, stop: int, work: Buffers, method: str) -> None:
    """Rank the scores in ``work`` of the users ``start`` to ``stop`` and measure them.

    Raises
    ------
    ColdbenchError
        On a NaN or infinite score, or truth that is masked.
    """
    from . import _metric_kernels as measures
    from . import _ranking_kernels as kernels

    rows, scores = run.rows[start:stop], work.scores[: stop - start]
    counts = np.zeros(stop - start, dtype=np.int64)
    positions, hits = run.positions[start:stop], run.hits[start:stop]
    bad = kernels.top_keys(
        scores, scores.view(np.int32), len(run.holdout.items), work.groups, positions.shape[1],
        rows, *run.mask, run.keys[start:stop], run.items, work.keys, counts,
    )  # fmt: skip
    if bad >= 0:
        raise ColdbenchError(_not_finite(run, rows[bad], work.scores[bad], method))
    hidden = measures.first_masked_truth(scores, rows, *run.truth)
    if hidden >= 0:
        user = run.holdout.users[rows[hidden]]
        raise ColdbenchError(f"task {run.task}: truth of user {user} is masked, so never ranked")
    if run.auc is not None:
        unmasked = run.candidate_counts[start:stop]
        measures.pair_shares(scores, rows, *run.truth, unmasked, run.auc[start:stop])
    _sort_keys(work.keys, counts, positions.shape[1])
    kernels.read_keys(
        work.keys, counts, run.keys[start:stop], run.place, positions,
        run.scores[start:stop].view(np.int32),
    )  # fmt: skip
    run.uninformed[start:stop] = _find_all_tied(scores, run.scores[start:stop], counts)
    measures.mark_hits(positions, rows, *run.truth, len(run.holdout.items), hits)
    measures.measure(
        hits, run.truth_counts[start:stop], run.ks, run.discounts, run.ideals,
        run.values[start:stop],
    )  # fmt: skip


def _find_all_tied(scores: FloatArray, listed: FloatArray, counts: LongArray) -> BoolArray:
    """Return bool, (users,): whose candidates all have one score, what is masked aside.

    Only where the list begins and ends with one score are all candidates looked at.
    """
    last = np.minimum(counts, listed.shape[1]) - 1
    tied: BoolArray = listed[:, 0] == listed[np.arange(len(listed)), last]
    rows = np.flatnonzero(tied)
    held = scores[rows]
    tied[rows] = ((held == listed[rows, :1]) | (held == -np.inf)).all(axis=1)
    return tied


def _sort_keys(keys: LongArray, counts: LongArray, depth: int) -> None:
    """Sort each row's keys as far as ``depth``; what lies behind is in no order.

    A few rows at a time: all are as wide as the widest, and numpy sorts up to 128 keys at half
    the price.
    """
    for start in range(0, len(counts), SORTED_TOGETHER):
        some = slice(start, min(start + SORTED_TOGETHER, len(counts)))
        _sort_rows(keys[some], counts[some], depth)


def _sort_rows(keys: LongArray, counts: LongArray, depth: int) -> None:
    from . import _ranking_kernels as kernels

    width = int(counts.max(initial=0))
    if width <= 4 * depth:
        kernels.pad(keys, counts, width)
        keys[:, :width].sort(axis=1)
        return
    for row, count in zip(keys, counts, strict=True):
        if count > depth:
            row[:count].partition(depth - 1)
        row[: min(count, depth)].sort()


def _not_finite(run: RankingPass, row: int, scores: FloatArray, method: str) -> str:
    position = int(np.flatnonzero(~np.isfinite(scores[: len(run.holdout.items)]))[0])
    return (
        f"{method} scored {scores[position]} in task {run.task} for user "
        f"{run.holdout.users[row]} and item {run.holdout.items[position]} (dataset indices): "
        f"scores must be finite"
    )
