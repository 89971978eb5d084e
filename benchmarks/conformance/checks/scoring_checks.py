"""Checks of ``score``: what comes back, and that it depends on nothing but who asks what."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from ....datasets.arrays import FloatArray
from ....datasets.graph import Links
from ....datasets.world import Entities, Query
from ....methods.base import FactorMethod
from .check_result import Violation
from .definition import check
from .score_distance import require_same
from .subject import Subject


def require_scores(scores: FloatArray, query: Query, what: str) -> None:
    """Refuse scores of another kind, dtype or shape, or with a value that is not finite.

    Raises
    ------
    Violation
        With what came instead.
    """
    expected = (len(query.users), len(query.items))
    if not isinstance(scores, np.ndarray):
        raise Violation(f"{what}: {type(scores).__name__}", "return a numpy array")
    if scores.dtype != np.float32 or scores.shape != expected:
        raise Violation(
            f"{what}: {scores.dtype} {scores.shape}", f"return float32 {expected}, users first"
        )
    if not np.isfinite(scores).all():
        count = int((~np.isfinite(scores)).sum())
        raise Violation(f"{what}: {count} scores are NaN or infinite", "guard divisions and logs")


@check()
def scores_well_formed(subject: Subject) -> str:
    """Require that scores are finite float32 of shape (users, candidates)."""
    for task in subject.probes:
        require_scores(subject.answer(task), subject.probe(task), task)
    return ", ".join(str(subject.answer(task).shape) for task in subject.probes)


@check()
def order_does_not_matter(subject: Subject) -> str:
    """Require that the order of users and of candidates changes no score."""
    worst = 0.0
    for task in subject.probes:
        query, scores = subject.probe(task), subject.answer(task)
        rng = np.random.default_rng(1)
        rows, columns = rng.permutation(len(query.users)), rng.permutation(len(query.items))
        turned = Query(query.users.take(rows), query.items.take(columns))
        worst = max(
            worst, _require_order_free(subject, turned, scores[np.ix_(rows, columns)], task)
        )
    return f"largest difference {worst:.1g}"


def _require_order_free(subject: Subject, turned: Query, expected: FloatArray, task: str) -> float:
    remedy = "let a score depend on its user and its candidate only, not on position or company"
    return require_same(expected, subject.fitted.score(turned), f"{task} in another order", remedy)


@check()
def block_of_one(subject: Subject) -> str:
    """Require that a block of one user equals that user's row of the block."""
    worst = 0.0
    for task in (subject.probes[0], subject.probes[2]):
        query, scores = subject.probe(task), subject.answer(task)
        fitted = subject.fitted.for_group(query.group)
        encoded = fitted.encode_items(query.items)
        for row in (0, len(query.users) // 2):
            alone = fitted.score_block(query.users.take(slice(row, row + 1)), encoded)
            worst = max(
                worst,
                require_same(
                    scores[row : row + 1],
                    alone,
                    f"user {row} of {task} alone",
                    "use no statistic of the block of users",
                ),
            )
    return f"largest difference {worst:.1g}"


@check()
def scoring_leaves_no_trace(subject: Subject) -> str:
    """Require that scoring leaves no trace: the same question later gets the same answer."""
    warm, mixed, cold = subject.probes
    before = subject.fitted.score(subject.probe(mixed))
    for task in (cold, warm):
        subject.fitted.score(subject.probe(task))
    return _same_again(before, subject)


def _same_again(before: FloatArray, subject: Subject) -> str:
    again = subject.fitted.score(subject.probe(subject.probes[1]))
    remedy = "let score change nothing but caches keyed by content"
    require_same(before, again, "asked again after other queries", remedy, rounding=0)
    return "same bits"


@check()
def empty_history(subject: Subject) -> str:
    """Require that a user without history, features, text and links gets finite scores."""
    query = subject.probe(subject.probes[2])
    return _require_finite(
        subject, Query(make_bare(query.users), query.items), "nothing known of users"
    )


@check()
def unknown_item(subject: Subject) -> str:
    """Require that an item without history, features, text, vectors and links has finite scores."""
    query = subject.probe(subject.probes[0])
    return _require_finite(
        subject, Query(query.users, make_bare(query.items)), "nothing known of items"
    )


@check()
def empty_queries(subject: Subject) -> str:
    """Require that no candidates and no users give empty scores of the right shape."""
    query = subject.probe(subject.probes[1])
    nobody = np.zeros(0, dtype=np.int64)
    _require_finite(subject, Query(query.users, query.items.take(nobody)), "no candidates")
    return _require_finite(subject, Query(query.users.take(nobody), query.items), "no users")


def make_bare(entities: Entities) -> Entities:
    """Return as many cold entities of which nothing at all is known."""
    nothing: Callable[..., FloatArray] = csr_matrix
    none = np.zeros(0, dtype=np.int32)
    return replace(
        entities,
        known=np.full(len(entities), -1, dtype=np.int32),
        history=nothing(entities.history.shape, dtype=np.float32),
        features=nothing(entities.features.shape, dtype=np.float32),
        text=None if entities.text is None else np.full(len(entities), "", dtype=object),
        links=None if entities.links is None else Links(none, none, none),
        vectors=None if entities.vectors is None else np.zeros_like(entities.vectors),
        released=None if entities.released is None else np.full(len(entities), np.nan),
    )


def _require_finite(subject: Subject, query: Query, what: str) -> str:
    scores = subject.fitted.score(query)
    require_scores(scores, query, what)
    return str(scores.shape)


@check(
    applies=lambda s: None if issubclass(s.method, FactorMethod) else "it has no factor form",
)
def factors_give_scores(subject: Subject) -> str:
    """Require that user factors times item factors are the scores."""
    query = subject.probe(subject.probes[1])
    fitted = subject.fitted.for_group(query.group)
    users, items = fitted.user_factors(query.users), fitted.item_factors(query.items)
    for factors, side in ((users, "user"), (items, "item")):
        if factors.dtype != np.float32 or not np.isfinite(factors).all():
            raise Violation(f"{side} factors are {factors.dtype}", "return finite float32 factors")
    remedy = "put every term of the score into the factors"
    apart = require_same(
        subject.answer(subject.probes[1]), users @ items.T, "the product of factors", remedy
    )
    return f"{users.shape[1]} columns, largest difference {apart:.1g}"


CHECKS = (
    scores_well_formed,
    order_does_not_matter,
    block_of_one,
    scoring_leaves_no_trace,
    empty_history,
    unknown_item,
    empty_queries,
    factors_give_scores,
)
