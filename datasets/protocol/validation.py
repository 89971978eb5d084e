"""The yardstick that training may look at: NDCG@10 over the cold-validation tasks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import CSR, DoubleArray, FloatArray, LongArray
from ..errors import ColdbenchError
from ..world import Entities, Holdout, Query
from .lots import Lots, entity_lots, pair_lots

CUTOFF = 10
BLOCK_SCORES = 1 << 22
"""Scores held at once: a block has as many users as fit, at least one."""

Answer = Callable[[Entities], FloatArray]


@dataclass(frozen=True)
class Validation:
    """Called with a fitted method, gives its mean over the validation tasks, higher is better.

    Attributes
    ----------
    seed
        Seed of the lot that breaks ties.
    rating
        Measure minus the root mean squared error of ``predict`` instead of NDCG@10.
    """

    _tasks: Mapping[str, Holdout]
    seed: int
    rating: bool = False

    def __call__(self, method: Any) -> float:
        """Return the mean over the tasks, each with equal weight.

        Parameters
        ----------
        method
            A fitted method, or a function from a ``Query`` to float32 scores.

        Raises
        ------
        ColdbenchError
            For scores that are not finite or of the wrong shape, or when no task has users.
        """
        if not self._tasks:
            raise ColdbenchError(
                "the validation slice is empty: no cold validation entity has enough interactions; "
                "use more data, fewer shots or a larger cold_fraction"
            )
        measure = self._error if self.rating else self._ndcg
        return float(np.mean([measure(method, name) for name in self._tasks]))

    def _ndcg(self, method: Any, name: str) -> float:
        task = self._tasks[name]
        answer, total = _answers(method, task.query.items), 0.0
        items = entity_lots(task.items.astype(np.uint64), self.seed, "ties")
        for rows, scores in _blocks(method, name, task, answer):
            ranked = top_columns(
                scores, task.masked[rows], task.users[rows].astype(np.uint64), items, self.seed
            )
            total += float(ndcg(ranked, task.truth[rows]).sum())
        return total / len(task.users)

    def _error(self, method: Any, name: str) -> float:
        task = self._tasks[name]
        if not hasattr(method, "predict"):
            raise ColdbenchError(
                f"{type(method).__name__} predicts no ratings (it has no predict); "
                "use task=ranking for it"
            )
        squared = 0.0
        for rows, values in _blocks(
            method, name, task, lambda users: method.predict(Query(users, task.query.items))
        ):
            truth = task.truth[rows].tocoo()
            squared += float(((values[truth.row, truth.col] - truth.data) ** 2).sum())
        return -float(np.sqrt(squared / task.truth.nnz))


def _answers(method: Any, items: Entities) -> Answer:
    """Return what gives the scores of some users; candidates are encoded once."""
    if hasattr(method, "score_block"):
        encoded = method.encode_items(items)
        return lambda users: method.score_block(users, encoded)
    return lambda users: method(Query(users, items))


def _blocks(
    method: Any, name: str, task: Holdout, answer: Answer
) -> Iterator[tuple[slice, FloatArray]]:
    """Yield the scores of one block of users after another, checked."""
    width = max(1, len(task.items))
    step = max(1, BLOCK_SCORES // width)
    for start in range(0, len(task.users), step):
        rows = slice(start, min(start + step, len(task.users)))
        scores = np.asarray(answer(task.query.users.take(rows)))
        shape = (rows.stop - rows.start, len(task.items))
        if scores.shape != shape:
            raise ColdbenchError(
                f"{_called(method)} returned scores of shape {scores.shape} for users "
                f"{rows.start}..{rows.stop - 1} of validation task {name}; expected {shape}"
            )
        finite = np.isfinite(scores).all(axis=1)
        if not finite.all():
            raise ColdbenchError(
                f"{_called(method)} returned a NaN or infinite score for user "
                f"{rows.start + int(np.argmin(finite))} of validation task {name}"
            )
        yield rows, scores


def _called(method: Any) -> str:
    return str(getattr(method, "__name__", type(method).__name__))


def top_columns(scores: FloatArray, masked: CSR, users: Lots, items: Lots, seed: int) -> LongArray:
    """Return the ten best unmasked columns of each row, best first, ties by seeded lot.

    Parameters
    ----------
    scores
        float, (rows, columns), finite; left as they are.
    masked
        CSR, (rows, columns): stored entries are never ranked.
    users, items
        uint64 keys of the rows and columns, from which the lot of a pair is drawn.

    Returns
    -------
    int64, (rows, 10), -1 where fewer columns are left.
    """
    scores = np.array(scores, dtype=np.float32)
    scores[np.repeat(np.arange(len(scores)), np.diff(masked.indptr)), masked.indices] = -np.inf
    best = np.full((len(scores), CUTOFF), -1, dtype=np.int64)
    k = min(CUTOFF, scores.shape[1])
    if k == 0:
        return best
    threshold = np.partition(scores, scores.shape[1] - k, axis=1)[:, -k]
    row, column = np.nonzero((scores >= threshold[:, None]) & (scores > -np.inf))
    lots = pair_lots(users[row], items[column], seed, "ties")
    order = np.lexsort((lots, -scores[row, column], row))
    row, column = row[order], column[order]
    counts = np.bincount(row, minlength=len(scores))
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    keep = place < CUTOFF
    best[row[keep], place[keep]] = column[keep]
    return best


def ndcg(ranked: LongArray, truth: CSR) -> DoubleArray:
    """Return NDCG@10 of each row; the ideal has min(10, truths) hits.

    Parameters
    ----------
    ranked
        int64, (rows, 10): columns best first, -1 where none is left.
    truth
        CSR, (rows, columns): stored entries are relevant, whatever their value.
    """
    width = truth.shape[1]
    row = np.arange(truth.shape[0])[:, None]
    relevant = np.repeat(row[:, 0], np.diff(truth.indptr)) * width + truth.indices
    hits = np.isin(row * width + ranked, relevant) & (ranked >= 0)
    discount = 1.0 / np.log2(np.arange(2, CUTOFF + 2))
    counts = np.minimum(np.diff(truth.indptr), CUTOFF)
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[counts]
    values: DoubleArray = np.divide(
        hits @ discount, ideal, out=np.zeros(len(ideal)), where=ideal > 0
    )
    return values
