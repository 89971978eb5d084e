"""What evaluating a full catalogue costs, against the matrix product alone and implicit's own."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ...datasets.arrays import CSR, FloatArray
from ...datasets.interactions import Interactions
from ...datasets.side_information import Side
from ...datasets.world import Entities, Holdout, Query, TrainView
from ...methods.base import FactorMethod
from ..evaluation.evaluate import EvaluationSettings, evaluate
from ..evaluation.ranking import RankingPass
from ..evaluation.score_blocks import rank_task
from ..runs.cost import measure_memory
from .rounds import compute_medians, measure_in_turn

KS = [5, 10, 20, 50, 100]
PRODUCT_ROWS = (128, 256, 512)
"""Blocks of the bare product; the fastest counts."""


@dataclass(frozen=True)
class Shape:
    """The size of a ranking task.

    Attributes
    ----------
    name
        How the table calls it.
    users, items, dimensions
        Of the two factor matrices.
    seen, truth
        Mean masked and held-out items of a user; both long-tailed.
    """

    name: str
    users: int
    items: int
    dimensions: int
    seen: int
    truth: int


S1 = Shape("S1", 6_024, 3_706, 64, 133, 16)
XL = Shape("XL", 100_000, 50_000, 64, 80, 10)


class GivenFactors(FactorMethod):
    """Two given factor matrices, answered for whole queries."""

    def __init__(self, left: FloatArray, right: FloatArray) -> None:
        self.left, self.right = left, right

    def fit(self, train: TrainView) -> Self:
        """Learn nothing: the factors are given."""
        return self

    def user_factors(self, users: Entities) -> FloatArray:
        """Return the rows of the warm users."""
        return self.left[users.known]

    def item_factors(self, items: Entities) -> FloatArray:
        """Return the rows of the warm items."""
        return self.right[items.known]


@dataclass(frozen=True)
class RankingTask:
    """A made task with everything that the alternatives need."""

    method: GivenFactors
    holdout: Holdout
    train: TrainView


def make_task(shape: Shape, seed: int = 0) -> RankingTask:
    """Return a random task of a shape: long-tailed users and items, normal factors."""
    rng = np.random.default_rng(seed)
    seen, truth = _pairs(shape, rng)
    users = _entities(Side.USER, shape.users, seen)
    items = _entities(Side.ITEM, shape.items, seen.T.tocsr())
    rows, columns = seen.nonzero()
    known = Interactions(
        rows.astype(np.int32), columns.astype(np.int32), seen.data, None, shape.users, shape.items
    )
    train = TrainView(known, users, items, None, None, None, seed)
    holdout = Holdout(Query(users, items), truth, seen, users.known, items.known)
    left = rng.normal(size=(shape.users, shape.dimensions)).astype(np.float32)
    right = rng.normal(size=(shape.items, shape.dimensions)).astype(np.float32)
    return RankingTask(GivenFactors(left, right), holdout, train)


def _pairs(shape: Shape, rng: np.random.Generator) -> tuple[CSR, CSR]:
    """Return distinct seen and held-out pairs; every user has at least one held-out item."""
    each = shape.seen + shape.truth
    lengths = np.minimum(rng.gamma(1.0, each, shape.users).astype(int) + 2, shape.items // 4)
    users = np.repeat(np.arange(shape.users), lengths)
    items = (shape.items * rng.random(len(users)) ** 2).astype(np.int64)
    users, items = np.divmod(np.unique(users * shape.items + items), shape.items)
    first = np.concatenate(([True], users[1:] != users[:-1]))
    held = first | (rng.random(len(users)) < shape.truth / each)
    dense = (shape.users, shape.items)
    return _ones(users[~held], items[~held], dense), _ones(users[held], items[held], dense)


def _ones(rows: Any, columns: Any, shape: tuple[int, int]) -> CSR:
    return csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape)


def _entities(side: Side, n: int, history: CSR) -> Entities:
    nothing = csr_matrix((n, 0), dtype=np.float32)
    return Entities(side, np.arange(n, dtype=np.int32), history, nothing, (), None)


def measure_evaluation(
    shape: Shape = S1, repeats: int = 15, implicit_users: int | None = None
) -> dict[str, float]:
    """Return median seconds on one thread and their ratios to the bare product.

    All are measured in turn in one process, and a ratio is the median of the turns' ratios, so
    that a disturbance meets all alike. ``product`` is numpy's product of the factors in blocks,
    in the fastest of three block sizes, and nothing else. ``ranking`` is our pass: product, mask,
    top 100, and recall, precision, hit rate, NDCG, MRR and MAP at 5, 10, 20, 50 and 100 of every
    user. ``ranking_auc`` adds AUC, ``evaluation`` adds 1,000 bootstrap resamples, slices and the
    metrics beyond accuracy. ``implicit`` is implicit's ``ranking_metrics_at_k`` (precision, MAP,
    NDCG and AUC at one k of 100) with the same factors.

    Parameters
    ----------
    implicit_users
        Measure implicit on the first users only, and scale its seconds by their number.

    Returns
    -------
    dict
        Seconds by name, the same ``..._over_product``, and ``ranking_mib``, the growth of resident
        memory during one ranking.
    """
    task = make_task(shape)
    users = min(implicit_users or shape.users, shape.users)
    with threadpool_limits(1):
        ways: dict[str, Callable[[], Any]] = {
            **{f"product_{rows}": partial(_product, task, rows) for rows in PRODUCT_ROWS},
            "ranking": partial(_ranking, task, auc=False),
            "ranking_auc": partial(_ranking, task, auc=True),
            "evaluation": partial(_evaluation, task),
            "implicit": _implicit(task, users),
        }
        _ranking(make_task(Shape("warm-up", 50, 400, shape.dimensions, 10, 5)), auc=True)
        with measure_memory() as peak:
            _ranking(task, auc=False)
        turns = measure_in_turn(ways, repeats)
    turns["implicit"] = turns["implicit"] * (shape.users / users)
    products = [turns.pop(f"product_{rows}") for rows in PRODUCT_ROWS]
    fastest = min(products, key=lambda seconds: float(np.median(seconds)))
    return {
        **compute_medians({"product": fastest, **turns}, "product"),
        **({} if peak.growth is None else {"ranking_mib": peak.growth / 2**20}),
    }


def _product(task: RankingTask, rows: int) -> None:
    left, right = task.method.left, task.method.right
    out = np.empty((rows, len(right)), dtype=np.float32)
    for start in range(0, len(left), rows):
        block = left[start : start + rows]
        np.matmul(block, right.T, out=out[: len(block)])


def _ranking(task: RankingTask, *, auc: bool) -> None:
    run = RankingPass("bench", task.holdout, KS, KS[-1], 0, auc)
    rank_task(task.method, run, task.method.right, block=256)


def _evaluation(task: RankingTask) -> None:
    evaluate(task.method, {"bench": task.holdout}, task.train, EvaluationSettings(ks=KS), seed=0)


def _implicit(task: RankingTask, users: int) -> Callable[[], Any]:
    """Return implicit's evaluation of the same factors on the first users."""
    from implicit.cpu.als import AlternatingLeastSquares
    from implicit.evaluation import ranking_metrics_at_k

    model = AlternatingLeastSquares(factors=task.method.left.shape[1], num_threads=1)
    model.user_factors, model.item_factors = task.method.left[:users], task.method.right
    seen, truth = task.holdout.masked[:users], task.holdout.truth[:users]
    return lambda: ranking_metrics_at_k(
        model, seen, truth, K=KS[-1], show_progress=False, num_threads=1
    )
