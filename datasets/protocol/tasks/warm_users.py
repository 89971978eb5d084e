"""Tasks whose users are warm: ``warm/warm``, ``new_item/cold`` and ``new_item/all``."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack

from ...arrays import CSR, IntArray, LongArray
from ...world import Entities, Holdout
from ..cuts.cut import WARM
from ..views.training_world import members
from .stage import Stage, Tasks, asked_rows, holdout, pattern, unknown
from .support import Shown


def warm_tasks(stage: Stage) -> Tasks:
    """Return ``warm/warm/k=0``: every warm item is a candidate, what is known is masked."""
    world = stage.world
    truth = warm_truth(stage)
    return {"warm/warm/k=0": task_of(stage, world.items, world.item_rows, truth, stage.known)}


def new_item_tasks(stage: Stage, shots: Sequence[int]) -> Tasks:
    """Return, for each k, ``new_item/cold`` and ``new_item/all``.

    With shots, an item is a candidate when it has more pairs than the largest k; its first pairs
    up to that k are neither truth nor ranked, for any k.
    """
    world, most = stage.world, max(shots)
    at = stage.pairs(WARM, stage.part)
    shown = _shown(stage, at, most)
    cold = members(world.cut.items, stage.part)
    if most:
        cold = cold[shown.totals[cold] > most]
    if not len(cold):
        return {}
    truth = world.matrix(at[shown.before >= most], world.user_rows, cold)
    masked = pattern(world.matrix(at[shown.before < most], world.user_rows, cold))
    all_truth, all_masked = beside(warm_truth(stage), truth), beside(stage.known, masked)
    rows = np.concatenate([world.item_rows, cold])
    tasks: Tasks = {}
    for k in shots:
        support = world.matrix(at[shown.before < k], world.user_rows, cold).T.tocsr()
        items = world.item_view.entities(cold, unknown(cold), support)
        tasks[f"new_item/cold/k={k}"] = task_of(stage, items, cold, truth, masked)
        everything = warm_and_cold(stage, rows, support)
        tasks[f"new_item/all/k={k}"] = task_of(stage, everything, rows, all_truth, all_masked)
    return tasks


def _shown(stage: Stage, at: LongArray, most: int) -> Shown:
    """Return the order of the cold items' pairs; without shots there is nothing to order."""
    items, n_items = stage.items_of(at), stage.world.cut.pairs.n_items
    if not most:
        return Shown(at, np.zeros(len(at), dtype=np.int64), np.bincount(items, minlength=n_items))
    return stage.order.shown(at, items, np.ones(len(at), dtype=bool), n_items)


def warm_truth(stage: Stage) -> CSR:
    """Return the held-out pairs of warm users with warm items, CSR over both."""
    world = stage.world
    return world.matrix(stage.pairs(WARM, WARM), world.user_rows, world.item_rows)


def warm_and_cold(stage: Stage, rows: IntArray, support: CSR) -> Entities:
    """Return the warm items followed by cold ones with their support."""
    world = stage.world
    known = np.full(len(rows), -1, dtype=np.int32)
    known[: len(world.items)] = world.items.known
    history = vstack([world.items.history, support], format="csr", dtype=np.float32)
    return world.item_view.entities(rows, known, csr_matrix(history))


def beside(warm: CSR, cold: CSR) -> CSR:
    """Return the columns of the warm items followed by those of the cold ones."""
    return csr_matrix(hstack([warm, cold], format="csr", dtype=np.float32))


def task_of(stage: Stage, items: Entities, rows: IntArray, truth: CSR, masked: CSR) -> Holdout:
    """Return the task of the warm users that have some truth."""
    world, asked = stage.world, asked_rows(truth)
    users = world.user_rows[asked]
    history = world.users.history[asked]
    entities = world.user_view.entities(users, world.users.known[asked], history)
    return holdout(entities, items, truth[asked], masked[asked], users, rows)
