"""Factors of entities that are known, and of new ones from their history."""

from collections.abc import Callable

import numpy as np

from ...datasets.arrays import CSR, FloatArray
from ...datasets.world import Entities
from ..factor_prior import FactorPrior
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
    strength: float,
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
    strength
        Of the prior against the history.
    """
    found: FloatArray = look_up_known(users, learned)
    cold = np.flatnonzero(users.known < 0)
    found[cold] = prior.join(users.history[cold], across, strength=strength)
    return found
