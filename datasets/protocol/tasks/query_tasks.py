"""The tasks of papers on meta-learning: a user's query among the rated items, and among all."""

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from ...arrays import CSR, make_read_only
from ...world import Holdout
from ..cuts.query_cut import DISLIKED, SUPPORT
from ..views.training_world import list_members
from .stage import (
    Stage,
    Tasks,
    find_evaluated_rows,
    make_holdout,
    make_unknown_indices,
    mark_stored,
)


def make_query_tasks(stage: Stage, shots: int) -> Tasks:
    """Return ``rated_queries/rated`` and ``rated_queries/warm``, with the same truth and support.

    In the first all but the user's rated query items are masked, in the second the support alone.
    The query items that are not liked are the negatives of the first, for export and fingerprint.

    Parameters
    ----------
    shots
        The most support that a user can have, for the names of the tasks.
    """
    world = stage.world
    everyone = list_members(world.cut.users, stage.part)

    def pairs(part: int, users: np.ndarray) -> csr_matrix:
        at = np.flatnonzero(world.cut.parts == part)
        return mark_stored(world.matrix(at, users, world.item_rows))

    evaluated = everyone[find_evaluated_rows(pairs(stage.part, everyone))]
    truth, support = pairs(stage.part, evaluated), pairs(stage.part + SUPPORT, evaluated)
    disliked = pairs(stage.part + DISLIKED, evaluated)
    others = csr_matrix(((truth + disliked).toarray() == 0).astype(np.float32))
    base = world.user_view.entities(
        evaluated, make_unknown_indices(evaluated), csr_matrix(truth.shape, dtype=np.float32)
    )
    users = replace(base, history=make_read_only(support))
    left_out = len(everyone) - len(evaluated)

    def ask(masked: CSR) -> Holdout:
        return make_holdout(users, world.items, truth, masked, evaluated, world.item_rows, left_out)

    return {
        f"rated_queries/rated/k={shots}": replace(ask(others), negatives=make_read_only(disliked)),
        f"rated_queries/warm/k={shots}": ask(support),
    }
