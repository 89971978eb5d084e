"""Checks of the claims: the planted dataset is solved where declared, and by content alone."""

from dataclasses import replace

import numpy as np

from ....datasets.side_information import Side
from ....datasets.world import Holdout, Query
from ..test_splits import BOTH_TASK, ITEM_TASK, SUPPORT_TASK, USER_TASK
from .check_result import Violation
from .definition import Applies, check
from .measure import Level, estimate_level, measure_ndcg
from .score_distance import ROUNDING, measure_distance
from .subject import Subject

FACTOR = 2.0
"""How many times chance a claim must reach."""
PERMUTATIONS = 5
LOST = {Side.ITEM: 0.8, Side.USER: 0.5}
"""Share of the gain over Probability that must go when content is permuted. Among warm items a
another user's taste still finds the popular ones, so less goes on the users' side."""
UNDECLARED = 1.3
"""A side that is not declared may reach at most this many times chance."""


def _claims(*sides: Side) -> Applies:
    def applies(subject: Subject) -> str | None:
        missing = [f"{side.value}s" for side in sides if side not in subject.method.cold]
        return f"it does not declare cold {' and '.join(missing)}" if missing else None

    return applies


def _require_solved(subject: Subject, task: str) -> Level:
    holdout = subject.split.test[task]
    found = estimate_level(measure_ndcg(subject.fitted, holdout), holdout)
    personal = not _same_for_everybody(subject, holdout)
    needed = FACTOR * found.chance if personal else found.chance
    if not (found.mean >= needed and found.low > found.chance):
        raise Violation(
            f"{task}: {found}",
            f"reach {needed:.3f} with an interval above chance, or do not declare this side",
        )
    return found


def _same_for_everybody(subject: Subject, holdout: Holdout) -> bool:
    scores = subject.fitted.score(holdout.query)
    return bool(measure_distance(scores, np.broadcast_to(scores[:1], scores.shape)) <= ROUNDING)


@check(applies=_claims(Side.ITEM))
def solves_new_items(subject: Subject) -> str:
    """Require that new items are ranked well above chance."""
    return str(_require_solved(subject, ITEM_TASK))


@check(
    applies=_claims(Side.USER),
)
def solves_new_users(subject: Subject) -> str:
    """Require that new users without support are served above chance; personally, twice chance."""
    return str(_require_solved(subject, USER_TASK))


@check(applies=_claims(*Side))
def solves_both(subject: Subject) -> str:
    """Require that new items are ranked well above chance for new users."""
    return str(_require_solved(subject, BOTH_TASK))


@check(
    applies=_claims(Side.ITEM),
    leak=True,
)
def permuted_items_fall(subject: Subject) -> str:
    """Require that with the content of new items permuted, their ranking falls to chance."""
    return _require_fall(subject, ITEM_TASK, Side.ITEM)


def _personal_claim(subject: Subject) -> str | None:
    unfit = _claims(Side.USER)(subject)
    if unfit is None and _same_for_everybody(subject, subject.split.test[USER_TASK]):
        return "it ranks the same items for every new user"
    return unfit


@check(
    applies=_personal_claim,
    leak=True,
)
def permuted_users_fall(subject: Subject) -> str:
    """Require that with the content of new users permuted, the gain over chance falls."""
    return _require_fall(subject, USER_TASK, Side.USER)


def _require_fall(subject: Subject, task: str, side: Side) -> str:
    """Compare the true assignment of content with random ones; the truth stays where it is."""
    holdout = subject.split.test[task]
    true = estimate_level(measure_ndcg(subject.fitted, holdout), holdout)
    rng = np.random.default_rng(5)
    runs = [
        measure_ndcg(subject.fitted, holdout, permute_content(holdout.query, side, rng))
        for _ in range(PERMUTATIONS)
    ]
    wrong = estimate_level(np.mean(runs, axis=0), holdout)
    gain, left = true.mean - true.chance, wrong.mean - wrong.chance
    if left > (1 - LOST[side]) * max(gain, 0.0) and wrong.low > wrong.chance:
        raise Violation(
            f"{task}: {true.mean:.3f} with its own content and {wrong.mean:.3f} with another's, "
            f"chance {true.chance:.3f}",
            "it recognises entities by something else than their content: look for an identity",
        )
    return f"{true.mean:.3f} falls to {wrong.mean:.3f}, chance {true.chance:.3f}"


def permute_content(query: Query, side: Side, rng: np.random.Generator) -> Query:
    """Return the query with the content of one side's rows handed out at random.

    History and training index stay with their row.
    """
    rows = query.users if side is Side.USER else query.items
    moved = rows.take(rng.permutation(len(rows)))
    moved = replace(moved, known=rows.known, history=rows.history)
    return Query(moved, query.items) if side is Side.USER else Query(query.users, moved)


def _no_item_claim(subject: Subject) -> str | None:
    return "it declares cold items" if Side.ITEM in subject.method.cold else None


@check(
    applies=_no_item_claim,
    leak=True,
)
def undeclared_items_at_chance(subject: Subject) -> str:
    """Require that a method that does not declare cold items ranks them at chance."""
    holdout = subject.split.test[ITEM_TASK]
    found = estimate_level(measure_ndcg(subject.fitted, holdout), holdout)
    if found.low > UNDECLARED * found.chance:
        raise Violation(f"{ITEM_TASK}: {found}", "declare Side.ITEM in cold, or look for a leak")
    return str(found)


@check(
    applies=lambda s: None if s.method.uses_support else "it does not use the support",
)
def support_helps(subject: Subject) -> str:
    """Require that with ten interactions shown, new users are served well above chance."""
    return str(_require_solved(subject, SUPPORT_TASK))


@check()
def support_claim(subject: Subject) -> str:
    """Require that support moves scores where uses_support says so, and helps nowhere else."""
    holdout = subject.split.test[SUPPORT_TASK]
    users = holdout.query.users
    strangers = replace(users, history=users.history[np.roll(np.arange(len(users)), 1)])
    other = Query(strangers, holdout.query.items)
    apart = measure_distance(subject.fitted.score(holdout.query), subject.fitted.score(other))
    if subject.method.uses_support and apart <= ROUNDING:
        raise Violation("another user's support changes no score", "set uses_support to False")
    own, others = (
        measure_ndcg(subject.fitted, holdout),
        measure_ndcg(subject.fitted, holdout, other),
    )
    helped = estimate_level(own - others, holdout)
    if not subject.method.uses_support and helped.low > 0:
        raise Violation(
            f"own support gives NDCG@10 {own.mean():.3f}, a another user's {others.mean():.3f}",
            "set uses_support to True",
        )
    return f"NDCG@10 {own.mean():.3f} with own support, {others.mean():.3f} with a another user's"


CHECKS = (
    solves_new_items,
    solves_new_users,
    solves_both,
    permuted_items_fall,
    permuted_users_fall,
    undeclared_items_at_chance,
    support_helps,
    support_claim,
)
