"""Tasks whose users are cold: ``new_user/warm`` and ``new_user_new_item/cold``, k shots each."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from ...arrays import CSR, IntArray, make_read_only
from ...world import Entities
from ..views.training_world import list_members
from .stage import Stage, Tasks, make_holdout, make_unknown_indices, mark_stored
from .support import SupportOrder


def make_new_user_tasks(stage: Stage, shots: Sequence[int]) -> Tasks:
    """Return, for each k, ``new_user/warm``: the truth is what follows the first max(shots) pairs.

    Those first pairs are masked for every k, so that all k rank the same items.
    """
    world, most = stage.world, max(shots)
    shown = stage.of_cold_users[0].only(stage.of_cold_users[1])
    cold = list_members(world.cut.users, stage.part)
    evaluated = cold[shown.totals[cold] > most]
    truth = world.matrix(shown.at[shown.before >= most], evaluated, world.item_rows)
    masked = mark_stored(world.matrix(shown.at[shown.before < most], evaluated, world.item_rows))
    return {
        f"new_user/warm/k={k}": make_holdout(
            users,
            world.items,
            truth,
            masked,
            evaluated,
            world.item_rows,
            len(cold) - len(evaluated),
        )
        for k, users in _with_support(stage, evaluated, shown, shots).items()
    }


def make_new_user_new_item_tasks(stage: Stage, shots: Sequence[int]) -> Tasks:
    """Return, for each k, ``new_user_new_item/cold``: support over warm items, truth on cold ones.

    A user is asked with at least max(shots) pairs on warm items and one pair on a cold item; in a
    temporal split only cold pairs after all of its support count.
    """
    world, most = stage.world, max(shots)
    shown, showable = stage.of_cold_users
    at = shown.at
    held = ~showable & (shown.totals[stage.users_of(at)] >= most)
    if stage.forward:
        held &= shown.before >= most
    evaluated = np.unique(stage.users_of(at[held])).astype(np.int32)
    rows = list_members(world.cut.items, stage.part)
    items = world.item_view.entities(
        rows, make_unknown_indices(rows), _empty(len(rows), len(world.users))
    )
    truth = world.matrix(at[held], evaluated, rows)
    left_out = int((world.cut.users == stage.part).sum()) - len(evaluated)
    return {
        f"new_user_new_item/cold/k={k}": make_holdout(
            users, items, truth, _empty(*truth.shape), evaluated, rows, left_out
        )
        for k, users in _with_support(stage, evaluated, shown.only(showable), shots).items()
    }


def _with_support(
    stage: Stage, evaluated: IntArray, shown: SupportOrder, shots: Sequence[int]
) -> dict[int, Entities]:
    """Return the asked users once per k, each with its first k pairs as history."""
    world = stage.world
    base = world.user_view.entities(
        evaluated, make_unknown_indices(evaluated), _empty(len(evaluated), len(world.items))
    )
    return {
        k: replace(
            base,
            history=make_read_only(
                world.matrix(shown.at[shown.before < k], evaluated, world.item_rows)
            ),
        )
        for k in shots
    }


def _empty(rows: int, columns: int) -> CSR:
    return csr_matrix((rows, columns), dtype=np.float32)
