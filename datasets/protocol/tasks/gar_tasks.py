"""The test tasks of the GAR paper and of those that took its protocol over."""

import numpy as np
from scipy.sparse import csr_matrix

from ...arrays import CSR, BoolArray, IntArray
from ...world import Entities, Holdout
from ..cuts.cut import TEST, VALIDATION, WARM
from ..views.training_world import list_members
from .stage import Stage, Tasks, make_unknown_indices, mark_stored
from .warm_users import join_columns, join_warm_and_cold, make_task, make_warm_truth


def make_gar_tasks(stage: Stage, users: int) -> Tasks:
    """Return ``gar/cold``, ``gar/warm`` and ``gar/all``, all at ``k=0``.

    What differs from ``new_item`` and ``warm``: the cold items of the validation are candidates
    next to those of the test; ``all`` evaluates only users with truth on both sides; every other
    positive of a user, of whatever part, is masked; and only the first ``users`` users are
    evaluated, in the order of the dataset (for CiteULike, that of the ids).

    Source: Chen et al., Generative Adversarial Framework for Cold-Start Item Recommendation,
    SIGIR 2022, as its published code evaluates; the same in Huang et al., ALDI, SIGIR 2023.
    """
    world = stage.world
    cold = list_members(world.cut.items, VALIDATION, TEST)
    rows = np.concatenate([world.item_rows, cold])
    nobody = csr_matrix((len(cold), len(world.users)), dtype=np.float32)
    cold_truth = world.matrix(stage.pairs(WARM, TEST), world.user_rows, cold)
    truth = make_warm_truth(stage)
    both = _some(cold_truth) & _some(truth)
    cold_items = world.item_view.entities(cold, make_unknown_indices(cold), nobody)
    everything = join_warm_and_cold(stage, rows, nobody)
    evaluated = (
        ("cold", cold_items, cold, cold_truth, _some(cold_truth)),
        ("warm", world.items, world.item_rows, truth, _some(truth)),
        ("all", everything, rows, join_columns(truth, cold_truth), both),
    )
    return {
        f"gar/{name}/k=0": _first(stage, items, at, found, who, users)
        for name, items, at, found, who in evaluated
    }


def _first(
    stage: Stage, items: Entities, rows: IntArray, truth: CSR, who: BoolArray, users: int
) -> Holdout:
    """Return the task of the first users among ``who``."""
    world = stage.world
    kept = np.flatnonzero(who)[:users]
    chosen = np.zeros(len(who), dtype=np.float32)
    chosen[kept] = 1
    truth = csr_matrix(truth.multiply(chosen[:, None]), dtype=np.float32)
    truth.eliminate_zeros()
    pairs = world.cut.pairs
    every = mark_stored(world.matrix(np.arange(len(pairs)), world.user_rows, rows))
    masked = csr_matrix(every - mark_stored(truth), dtype=np.float32)
    masked.eliminate_zeros()
    masked.sort_indices()
    return make_task(stage, items, rows, truth, masked)


def _some(truth: CSR) -> BoolArray:
    """Return which rows hold some truth."""
    return np.asarray(np.diff(truth.indptr) > 0)
