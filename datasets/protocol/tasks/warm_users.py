"""Tasks of warm users: ``warm/warm``, ``earlier/warm``, ``new_item/cold``, ``new_item/all``."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack

from ...arrays import CSR, IntArray, LongArray
from ...world import Entities, Holdout
from ..cuts.cut import EARLIER, WARM
from ..views.training_world import list_members
from .stage import (
    Stage,
    Tasks,
    find_evaluated_rows,
    make_holdout,
    make_unknown_indices,
    mark_stored,
)
from .support import SupportOrder


def make_warm_tasks(stage: Stage) -> Tasks:
    """Return ``warm/warm/k=0``: every warm item is a candidate, what is known is masked."""
    world = stage.world
    truth = make_warm_truth(stage)
    return {"warm/warm/k=0": make_task(stage, world.items, world.item_rows, truth, stage.known)}


def make_earlier_tasks(stage: Stage) -> Tasks:
    """Return ``earlier/warm/k=0``: the truth are pairs of the past that were held back.

    They lie before the latest period of training; where there are none there is no task. Whatever
    else is positive of a user, also what happens in this stage, is masked.
    """
    world = stage.world
    at = replace(stage, part=EARLIER).pairs(WARM, WARM)
    truth = world.matrix(at, world.user_rows, world.item_rows)
    every = mark_stored(stage.known + mark_stored(make_warm_truth(stage)))
    masked = csr_matrix(every - mark_stored(truth), dtype=np.float32)
    masked.eliminate_zeros()
    masked.sort_indices()
    task = make_task(stage, world.items, world.item_rows, truth, masked)
    return {"earlier/warm/k=0": task} if len(task.users) else {}


def make_new_item_tasks(stage: Stage, shots: Sequence[int]) -> Tasks:
    """Return, for each k, ``new_item/cold`` and ``new_item/all``.

    With shots, an item is a candidate when it has more pairs than the largest k; its first pairs
    up to that k are neither truth nor ranked, for any k.
    """
    world, most = stage.world, max(shots)
    at = stage.pairs(WARM, stage.part)
    shown = _shown(stage, at, most)
    cold = list_members(world.cut.items, stage.part)
    if most:
        cold = cold[shown.totals[cold] > most]
    if not len(cold):
        return {}
    truth = world.matrix(at[shown.before >= most], world.user_rows, cold)
    masked = mark_stored(world.matrix(at[shown.before < most], world.user_rows, cold))
    all_truth, all_masked = (
        join_columns(make_warm_truth(stage), truth),
        join_columns(stage.known, masked),
    )
    rows = np.concatenate([world.item_rows, cold])
    tasks: Tasks = {}
    for k in shots:
        support = world.matrix(at[shown.before < k], world.user_rows, cold).T.tocsr()
        items = world.item_view.entities(cold, make_unknown_indices(cold), support)
        tasks[f"new_item/cold/k={k}"] = make_task(stage, items, cold, truth, masked)
        everything = join_warm_and_cold(stage, rows, support)
        tasks[f"new_item/all/k={k}"] = make_task(stage, everything, rows, all_truth, all_masked)
    return tasks


def _shown(stage: Stage, at: LongArray, most: int) -> SupportOrder:
    """Return the order of the cold items' pairs; without shots there is nothing to order."""
    items, n_items = stage.items_of(at), stage.world.cut.pairs.n_items
    if not most:
        return SupportOrder(
            at, np.zeros(len(at), dtype=np.int64), np.bincount(items, minlength=n_items)
        )
    return stage.order.shown(at, items, np.ones(len(at), dtype=bool), n_items)


def make_warm_truth(stage: Stage) -> CSR:
    """Return the held-out pairs of warm users with warm items, CSR over both."""
    world = stage.world
    return world.matrix(stage.pairs(WARM, WARM), world.user_rows, world.item_rows)


def join_warm_and_cold(stage: Stage, rows: IntArray, support: CSR) -> Entities:
    """Return the warm items followed by cold ones with their support."""
    world = stage.world
    known = np.full(len(rows), -1, dtype=np.int32)
    known[: len(world.items)] = world.items.known
    history = vstack([world.items.history, support], format="csr", dtype=np.float32)
    return world.item_view.entities(rows, known, csr_matrix(history))


def join_columns(warm: CSR, cold: CSR) -> CSR:
    """Return the columns of the warm items followed by those of the cold ones."""
    return csr_matrix(hstack([warm, cold], format="csr", dtype=np.float32))


def make_task(stage: Stage, items: Entities, rows: IntArray, truth: CSR, masked: CSR) -> Holdout:
    """Return the task of the warm users that have some truth."""
    world, evaluated = stage.world, find_evaluated_rows(truth)
    users = world.user_rows[evaluated]
    history = world.users.history[evaluated]
    entities = world.user_view.entities(users, world.users.known[evaluated], history)
    return make_holdout(entities, items, truth[evaluated], masked[evaluated], users, rows)
