"""Factors of entities that are known, and of new ones from their history."""

from collections.abc import Callable, Mapping

import numpy as np

from ...datasets.arrays import CSR, FloatArray
from ...datasets.world import Entities
from ..factor_prior import FactorPrior, weigh_fold_in
from ..known_entities import look_up_known


def fold_in(
    entities: Entities,
    learned: FloatArray,
    across: FloatArray,
    solve: Callable[[CSR, FloatArray], FloatArray],
) -> FloatArray:
    """Return float32 (entities, d): the learned factor, the solution for a history, or zero.

    To fold in is to hold the factors of the other side fixed: then the loss is a least squares
    problem in the new factor alone, the same that a half step of training solves.

    Parameters
    ----------
    learned
        float32 (warm entities, d).
    across
        float32 (warm entities of the other side, d).
    solve
        ``solve(history, across)`` gives the factors that fit each row of ``history`` best.
    """
    found: FloatArray = look_up_known(entities, learned)
    cold = np.flatnonzero((entities.known < 0) & (np.diff(entities.history.indptr) > 0))
    if len(cold):
        found[cold] = solve(entities.history[cold], across)
    return found


def join_prior(
    users: Entities,
    learned: FloatArray,
    across: FloatArray,
    prior: FactorPrior,
    chosen: Mapping[str, float],
    solve: Callable[[CSR, FloatArray], FloatArray] | None = None,
) -> FloatArray:
    """Return float32 (users, d): the learned factor, or for a new user the mean and its history.

    Parameters
    ----------
    learned
        float32 (warm users, d).
    across
        float32 (warm items, d).
    prior
        Of the users' factors.
    chosen
        ``prior_strength``, of the prior against the history; ``fold_in_weight``, how many times
        the solution for the history is added for each of its items.
    solve
        As for ``fold_in``.
    """
    found: FloatArray = look_up_known(users, learned)
    cold = np.flatnonzero(users.known < 0)
    history = users.history[cold]
    found[cold] = prior.join(history, across, strength=chosen["prior_strength"])
    if solve is not None:
        found[cold] += weigh_fold_in(history, across, solve, chosen["fold_in_weight"])
    return found
