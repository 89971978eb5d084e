"""The task of papers on click-through rates: held-out pairs of all items, new ones among them."""

import numpy as np
from scipy.sparse import csr_matrix

from ..cuts.cut import TEST, TRAIN, VALIDATION
from ..views.training_world import list_members
from .stage import Stage, Tasks, mark_stored
from .warm_users import join_warm_and_cold, make_task


def make_click_task(stage: Stage) -> Tasks:
    """Return ``click_through/all/k=0``: every item is a candidate.

    Items without a training pair are among them, without support: in the test those of both
    stages, as in the papers. What is known of a user (in the test every other positive) is masked.
    """
    world, test = stage.world, stage.part == TEST
    cold = list_members(world.cut.items, *((VALIDATION, TEST) if test else (VALIDATION,)))
    rows = np.concatenate([world.item_rows, cold])
    nobody = csr_matrix((len(cold), len(world.users)), dtype=np.float32)
    parts = world.cut.parts
    truth = world.matrix(np.flatnonzero(parts == stage.part), world.user_rows, rows)
    known = np.flatnonzero(parts != TEST if test else parts == TRAIN)
    masked = mark_stored(world.matrix(known, world.user_rows, rows))
    items = join_warm_and_cold(stage, rows, nobody)
    return {"click_through/all/k=0": make_task(stage, items, rows, truth, masked)}
