"""Rules about pairs: no held-out pair is in training, a history, the support or a mask."""

from collections.abc import Iterator

import numpy as np

from ....datasets.arrays import IntArray, LongArray
from ....datasets.side_information import Side
from ....datasets.world import Entities, Holdout
from .audited_split import AuditedSplit, PairSet, join_pairs


def training_has_no_truth(audited: AuditedSplit) -> Iterator[str]:
    """Require that no pair of any truth, validation or test, is a training pair."""
    for name, task in audited.tasks():
        truth = audited.truth(task)
        shared = truth[audited.training.holds(truth)]
        if len(shared):
            example = audited.example(shared)
            yield f"{len(shared)} true pairs of {name} are training pairs, {example}"


def training_has_no_cold_entity(audited: AuditedSplit) -> Iterator[str]:
    """Require that no cold entity of any task has an index in the training data."""
    split, pairs = audited.split, audited.data.interactions
    trained = {}
    for side, rows, count in (
        ("users", split.users, pairs.n_users),
        ("items", split.items, pairs.n_items),
    ):
        trained[side] = np.zeros(count, dtype=bool)
        trained[side][rows] = True
    for name, task in audited.tasks():
        for side, rows, entities in (
            ("users", task.users, task.query.users),
            ("items", task.items, task.query.items),
        ):
            known = int(trained[side][rows[entities.known < 0]].sum())
            if known:
                yield f"{known} cold {side} of {name} are in the training data"


def known_means_known(audited: AuditedSplit) -> Iterator[str]:
    """Require that the training index of a warm row points to the same entity."""
    split = audited.split
    for name, task in audited.tasks():
        for side, entities, rows, trained in (
            ("user", task.query.users, task.users, split.users),
            ("item", task.query.items, task.items, split.items),
        ):
            warm = entities.known >= 0
            wrong = int((trained[entities.known[warm]] != rows[warm]).sum())
            if wrong:
                yield f"{wrong} warm {side}s of {name} carry the index of another entity"


def histories_are_training(audited: AuditedSplit) -> Iterator[str]:
    """Require that the history of a warm row holds training pairs and nothing else."""
    split = audited.split
    world = [("the training data", split.train.users, split.users, Side.USER)]
    world.append(("the training data", split.train.items, split.items, Side.ITEM))
    for name, task in audited.tasks():
        world.append((name, task.query.users, task.users, Side.USER))
        world.append((name, task.query.items, task.items, Side.ITEM))
    seen: set[tuple[int, int]] = set()
    for name, entities, rows, side in world:
        if (id(entities), id(rows)) in seen:
            continue
        seen.add((id(entities), id(rows)))
        found = audited.history_keys(entities, rows, side, entities.known >= 0)
        extra = found[~audited.training.holds(found)]
        if len(extra):
            example = audited.example(extra)
            yield f"{len(extra)} pairs in {side.value} histories of {name} are hidden, {example}"


def support_is_no_truth(audited: AuditedSplit) -> Iterator[str]:
    """Require that what is shown of a cold entity is asked for in no task of its stage."""
    for stage, tasks in audited.stages:
        shown = join_pairs(_supports(audited, task) for task in tasks.values())
        if not len(shown):
            continue
        support = audited.pair_set(shown)
        for name, task in tasks.items():
            truth = audited.truth(task)
            shared = truth[support.holds(truth)]
            if len(shared):
                example = audited.example(shared)
                yield f"{len(shared)} true pairs of {stage} {name} are shown, {example}"


def _supports(audited: AuditedSplit, task: Holdout) -> LongArray:
    sides: tuple[tuple[Entities, IntArray, Side], ...] = (
        (task.query.users, task.users, Side.USER),
        (task.query.items, task.items, Side.ITEM),
    )
    return join_pairs(
        audited.history_keys(entities, rows, side, entities.known < 0)
        for entities, rows, side in sides
        if (entities.known < 0).any()
    )


def test_is_not_in_validation(audited: AuditedSplit) -> Iterator[str]:
    """Require that no cold entity is evaluated and no pair is true in both validation and test."""
    validation, test = (tasks.values() for _, tasks in audited.stages)
    truths = audited.pair_set(join_pairs(audited.truth(task) for task in validation))
    found = [truth[truths.holds(truth)] for truth in map(audited.truth, test)]
    shared = {"true pairs": np.unique(join_pairs(found))}
    for what, rows in (("cold users", _cold_users), ("cold items", _cold_items_asked)):
        ours, theirs = (join_pairs(map(rows, tasks)) for tasks in (test, validation))
        shared[what] = np.intersect1d(ours, theirs)
    for what, both in shared.items():
        if len(both):
            yield f"{len(both)} {what} serve both validation and test"


def validation_items_are_no_candidates(audited: AuditedSplit) -> Iterator[str]:
    """Require that no cold item of the validation is a candidate of a test, true or not.

    A method saw them while it was validated, and could rank them last.
    """
    seen = join_pairs(map(_cold_items, audited.split.validation.values()))
    for name, task in audited.split.test.items():
        shared = len(np.intersect1d(_cold_items(task), seen))
        if shared:
            yield f"{shared} candidates of test {name} are cold items of the validation"


def _cold_users(task: Holdout) -> LongArray:
    rows: LongArray = task.users[task.query.users.known < 0].astype(np.int64)
    return rows


def _cold_items(task: Holdout) -> LongArray:
    rows: LongArray = task.items[task.query.items.known < 0].astype(np.int64)
    return rows


def _cold_items_asked(task: Holdout) -> LongArray:
    """Return the cold candidates that are true for somebody."""
    true = np.bincount(task.truth.indices, minlength=len(task.items)) > 0
    rows: LongArray = task.items[true & (task.query.items.known < 0)].astype(np.int64)
    return rows


def masks_hide_no_truth(audited: AuditedSplit) -> Iterator[str]:
    """Require that a true pair can be ranked, and what is known of a user cannot."""
    for name, task in audited.tasks():
        width, cells = len(task.items), len(task.users) * len(task.items)
        rows, columns = np.arange(len(task.users)), np.arange(width)
        local = {
            what: np.repeat(rows * width, np.diff(matrix.indptr)) + columns[matrix.indices]
            for what, matrix in (("truth", task.truth), ("masked", task.masked))
        }
        masked = PairSet(local["masked"], cells)
        both = audited.truth(task)[masked.holds(local["truth"])]
        if len(both):
            yield f"{len(both)} true pairs of {name} are masked, {audited.example(both)}"
        keys, places = _training_asked(audited, task)
        ranked = keys[~masked.holds(places)]
        if len(ranked):
            yield f"{len(ranked)} training pairs of {name} are ranked, {audited.example(ranked)}"


def _training_asked(audited: AuditedSplit, task: Holdout) -> tuple[LongArray, LongArray]:
    """Return the training pairs among a task's users and candidates, and their cells there."""
    split, pairs = audited.split, audited.split.train.interactions
    row = _places(task.users, audited.data.interactions.n_users)[split.users]
    column = _places(task.items, audited.data.interactions.n_items)[split.items]
    none = np.zeros(0, dtype=np.int64)
    if not (row >= 0).any() or not (column >= 0).any():
        return none, none
    rows, columns = row[pairs.users], column[pairs.items]
    request = np.flatnonzero((rows >= 0) & (columns >= 0))
    places: LongArray = rows[request].astype(np.int64) * len(task.items) + columns[request]
    return audited.training_keys[request], places


def _places(rows: IntArray, count: int) -> IntArray:
    places: IntArray = np.full(count, -1, dtype=np.int32)
    places[rows] = np.arange(len(rows), dtype=np.int32)
    return places


def truth_is_of_the_data(audited: AuditedSplit) -> Iterator[str]:
    """Require that every true pair is in the dataset, and every candidate stands once."""
    pairs = audited.data.interactions
    every = audited.pair_set(audited.pair_keys(pairs.users, pairs.items))
    for name, task in audited.tasks():
        truth = audited.truth(task)
        invented = int((~every.holds(truth)).sum())
        if invented:
            yield f"{invented} true pairs of {name} are not in the data"
        if len(np.unique(task.items)) != len(task.items):
            yield f"candidates of {name} are repeated"


RULES = (
    training_has_no_truth,
    training_has_no_cold_entity,
    known_means_known,
    histories_are_training,
    support_is_no_truth,
    test_is_not_in_validation,
    validation_items_are_no_candidates,
    masks_hide_no_truth,
    truth_is_of_the_data,
)
