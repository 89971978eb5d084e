"""How a block is scored: by the product of factors, or by the method itself."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np

from ...datasets.arrays import FloatArray
from ...datasets.errors import ColdbenchError
from ...datasets.world import Entities, Holdout, Query, TrainView
from ...methods.base import FactorMethod, Method
from .ranking import Buffers, RankingPass, RankingResult, rank_block

FACTOR_CELLS = 2**25
"""User factors are asked for so many users that their scores would fill this many cells."""
PRODUCT_CELLS, LEAST_ROWS, MOST_ROWS = 6_000_000, 64, 512
"""Scores of one product of factors, and bounds of its rows: seen to be fastest."""
LEAST_PRODUCT = 16
"""Rows of the smallest product: BLAS rounds a single row differently from a block."""


def answering(method: Any, task: Holdout) -> Any:
    """Return what answers the tasks of a task's group; a scorer without groups answers all."""
    choose = getattr(method, "for_group", None)
    return method if choose is None else choose(task.query.group)


class EncodedCandidates:
    """The candidates of some tasks, and who answers each task.

    Each set is encoded once by each method that answers tasks about it (groups may share one), and
    dropped at its last task.
    """

    def __init__(self, method: Method, tasks: Iterable[Holdout]) -> None:
        self._method = method
        self._uses = Counter(self._key(answering(method, task), task) for task in tasks)
        self._encoded: dict[tuple[int, int], Any] = {}

    def take(self, task: Holdout) -> tuple[Any, Any]:
        """Return the method that answers a task, and its encoding of the task's candidates."""
        method = answering(self._method, task)
        key = self._key(method, task)
        if key not in self._encoded:
            self._encoded[key] = method.encode_items(task.query.items)
        self._uses[key] -= 1
        return method, self._encoded[key] if self._uses[key] else self._encoded.pop(key)

    @staticmethod
    def _key(method: Any, task: Holdout) -> tuple[int, int]:
        return id(method), id(task.query.items)


class FunctionMethod(Method):
    """A function from a ``Query`` to scores, asked as a method is."""

    def __init__(self, function: Callable[[Query], FloatArray]) -> None:
        self.function = function
        self.__name__ = _called(function)

    @staticmethod
    def of(scorer: Any) -> Any:
        """Return a method as it is, and a function as a method."""
        return scorer if hasattr(scorer, "score_block") else FunctionMethod(scorer)

    def fit(self, train: TrainView) -> Self:
        """Learn nothing: the function is given."""
        return self

    def score_block(self, users: Entities, items: Entities) -> FloatArray:
        """Return the function's scores."""
        return self.function(Query(users, items))


def _called(scorer: Any) -> str:
    """Return the name of a function, or of the class of a method."""
    return str(getattr(scorer, "__name__", type(scorer).__name__))


def rank_task(
    method: Method,
    run: RankingPass,
    encoded: Any,
    *,
    block: int,
    threads: int = 1,
    ranked: Callable[[int], None] = lambda users: None,
) -> RankingResult:
    """Score and rank every user of a task.

    Parameters
    ----------
    encoded
        What ``method.encode_items`` returned for the task's candidates.
    block
        Users at a time; the products of a factor method have a size of their own.
    threads
        Workers over blocks of a factor method; each uses one BLAS thread.
    ranked
        Called after each block with the number of its users.
    """
    if len(run.rows) == 0 or len(run.holdout.items) == 0:
        return run.result()
    if isinstance(method, FactorMethod) and type(method).score_block is FactorMethod.score_block:
        _rank_factors(method, run, encoded, threads, ranked)
    else:
        _rank_scores(method, run, encoded, block, ranked)
    return run.result()


def _rank_scores(
    method: Method, run: RankingPass, encoded: Any, block: int, ranked: Callable[[int], None]
) -> None:
    """Rank what ``score_block`` returns, block after block."""
    name, candidates = _called(method), len(run.holdout.items)
    work = Buffers.of(min(block, len(run.rows)), candidates, run.positions.shape[1])
    for start, stop in _spans(0, len(run.rows), block):
        scores = method.score_block(_users(run, start, stop), encoded)
        check_scores(scores, (stop - start, candidates), name, run.task)
        work.scores[: stop - start, :candidates] = scores
        rank_block(run, start, stop, work, name)
        ranked(stop - start)


def _spans(start: int, stop: int, step: int) -> Iterator[tuple[int, int]]:
    return ((at, min(at + step, stop)) for at in range(start, stop, step))


def _users(run: RankingPass, start: int, stop: int) -> Entities:
    """Return some of the users that count."""
    users = run.holdout.query.users
    if stop - start == len(users):
        return users
    return users.take(run.rows[start:stop])


def check_scores(scores: Any, shape: tuple[int, int], method: str, task: str) -> None:
    """Refuse scores of another type or shape than asked for."""
    found = (getattr(scores, "dtype", type(scores).__name__), getattr(scores, "shape", None))
    if found != (np.float32, shape):
        raise ColdbenchError(
            f"{method} returned {found[0]} {found[1]} in task {task}: "
            f"scores must be float32 {shape}"
        )


def _rank_factors(
    method: FactorMethod,
    run: RankingPass,
    encoded: Any,
    threads: int,
    ranked: Callable[[int], None],
) -> None:
    """Rank the products of user and item factors, several blocks at a time."""
    name, items, (n, depth) = _called(method), np.asarray(encoded), run.positions.shape
    check_scores(items, (len(run.holdout.items), items.shape[-1]), f"{name}.item_factors", run.task)
    block = min(n, MOST_ROWS, max(LEAST_ROWS, PRODUCT_CELLS // len(items)))
    rows = max(block, LEAST_PRODUCT)
    spare = [Buffers.of(rows, len(items), depth) for _ in range(threads)]

    def rank(factors: FloatArray, start: int, stop: int) -> None:
        work = spare.pop()
        try:
            _product(factors, items, work.scores[:, : len(items)])
            rank_block(run, start, stop, work, name)
        finally:
            spare.append(work)

    with ThreadPoolExecutor(threads) as pool:
        for begin, end in _spans(0, n, max(block, FACTOR_CELLS // len(items))):
            factors = method.user_factors(_users(run, begin, end))
            check_scores(factors, (end - begin, items.shape[1]), f"{name}.user_factors", run.task)
            jobs = [(factors[a - begin : b - begin], a, b) for a, b in _spans(begin, end, block)]
            if threads == 1:
                for job in jobs:
                    rank(*job)
                    ranked(len(job[0]))
            else:
                waiting = [pool.submit(rank, *job) for job in jobs]
                for job, done in zip(jobs, waiting, strict=True):
                    done.result()
                    ranked(len(job[0]))


def _product(factors: FloatArray, items: FloatArray, out: FloatArray) -> None:
    """Write factors @ items.T into the first rows of ``out``, never by a product of one row."""
    if len(factors) < LEAST_PRODUCT:
        whole = np.zeros((LEAST_PRODUCT, factors.shape[1]), dtype=np.float32)
        whole[: len(factors)] = factors
        factors = whole
    with np.errstate(over="ignore", invalid="ignore"):  # the kernel refuses what is not finite
        np.matmul(factors, items.T, out=out[: len(factors)])
