"""Tasks whose users are cold: ``new_user/warm`` and ``new_user_new_item/cold``, k shots each."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from ...arrays import CSR, IntArray, frozen
from ...world import Entities
from ..views.training_world import members
from .stage import Stage, Tasks, holdout, pattern, unknown
from .support import Shown


def new_user_tasks(stage: Stage, shots: Sequence[int]) -> Tasks:
    """Return, for each k, ``new_user/warm``: the truth is what follows the first max(shots) pairs.

    Those first pairs are masked for every k, so that all k rank the same items.
    """
    world, most = stage.world, max(shots)
    shown = stage.of_cold_users[0].only(stage.of_cold_users[1])
    cold = members(world.cut.users, stage.part)
    asked = cold[shown.totals[cold] > most]
    truth = world.matrix(shown.at[shown.before >= most], asked, world.item_rows)
    masked = pattern(world.matrix(shown.at[shown.before < most], asked, world.item_rows))
    return {
        f"new_user/warm/k={k}": holdout(
            users, world.items, truth, masked, asked, world.item_rows, len(cold) - len(asked)
        )
        for k, users in _with_support(stage, asked, shown, shots).items()
    }


def new_user_new_item_tasks(stage: Stage, shots: Sequence[int]) -> Tasks:
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
    asked = np.unique(stage.users_of(at[held])).astype(np.int32)
    rows = members(world.cut.items, stage.part)
    items = world.item_view.entities(rows, unknown(rows), _empty(len(rows), len(world.users)))
    truth = world.matrix(at[held], asked, rows)
    left_out = int((world.cut.users == stage.part).sum()) - len(asked)
    return {
        f"new_user_new_item/cold/k={k}": holdout(
            users, items, truth, _empty(*truth.shape), asked, rows, left_out
        )
        for k, users in _with_support(stage, asked, shown.only(showable), shots).items()
    }


def _with_support(
    stage: Stage, asked: IntArray, shown: Shown, shots: Sequence[int]
) -> dict[int, Entities]:
    """Return the asked users once per k, each with its first k pairs as history."""
    world = stage.world
    base = world.user_view.entities(asked, unknown(asked), _empty(len(asked), len(world.items)))
    return {
        k: replace(
            base, history=frozen(world.matrix(shown.at[shown.before < k], asked, world.item_rows))
        )
        for k in shots
    }


def _empty(rows: int, columns: int) -> CSR:
    return csr_matrix((rows, columns), dtype=np.float32)
