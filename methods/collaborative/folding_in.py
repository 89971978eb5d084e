"""Factors of entities that are known, and of new ones that a history tells of."""

from collections.abc import Callable

import numpy as np

from ...datasets.arrays import CSR, FloatArray
from ...datasets.world import Entities


def fold_in(
    entities: Entities,
    learned: FloatArray,
    across: FloatArray,
    solve: Callable[[CSR, FloatArray], FloatArray],
) -> FloatArray:
    """Return float32 (entities, d): the learned factor, the solve from a history, or zero.

    Parameters
    ----------
    learned
        float32 (warm entities, d).
    across
        float32 (warm entities of the other side, d).
    solve
        ``solve(history, across)`` gives the factors that fit each row of ``history`` best.
    """
    warm = entities.known >= 0
    found = np.zeros((len(entities), learned.shape[1]), dtype=np.float32)
    found[warm] = learned[entities.known[warm]]
    cold = np.flatnonzero(~warm & (np.diff(entities.history.indptr) > 0))
    if len(cold):
        found[cold] = solve(entities.history[cold], across)
    return found
