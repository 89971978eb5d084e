"""Rules about pairs: what is hidden is in no training pair, history, support or mask."""

from collections.abc import Iterator

import numpy as np

from ...datasets.arrays import CSR, BoolArray, IntArray, LongArray
from ...datasets.dataset import Dataset
from ...datasets.sides import Side, Track
from ...datasets.world import Entities, Holdout, Split


def training_has_no_truth(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand that no pair of any truth, validation or test, is a training pair."""
    training = _training_keys(split, data)
    for name, task in _tasks(split):
        shared = _both(_keys(task.truth, task.users, task.items, data), training)
        if len(shared):
            yield f"{len(shared)} true pairs of {name} are training pairs, {_example(shared, data)}"


def training_has_no_cold_entity(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand that no cold entity of any task has an index in the training world."""
    for name, task in _tasks(split):
        for side, rows, cold, trained in (
            ("users", task.users, task.query.users.known < 0, split.users),
            ("items", task.items, task.query.items.known < 0, split.items),
        ):
            known = np.intersect1d(rows[cold], trained)
            if len(known):
                yield f"{len(known)} cold {side} of {name} are in the training world"


def known_means_known(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand that the training index of a warm row points to the same entity."""
    for name, task in _tasks(split):
        for side, entities, rows, trained in (
            ("user", task.query.users, task.users, split.users),
            ("item", task.query.items, task.items, split.items),
        ):
            warm = entities.known >= 0
            wrong = int((trained[entities.known[warm]] != rows[warm]).sum())
            if wrong:
                yield f"{wrong} warm {side}s of {name} carry the index of somebody else"


def histories_are_training(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand that the history of a warm row holds training pairs and nothing else."""
    training = _training_keys(split, data)
    world = [("the training world", split.train.users, split.users, Side.USER)]
    world.append(("the training world", split.train.items, split.items, Side.ITEM))
    for name, task in _tasks(split):
        world.append((name, task.query.users, task.users, Side.USER))
        world.append((name, task.query.items, task.items, Side.ITEM))
    seen: set[int] = set()
    for name, entities, rows, side in world:
        if id(entities) in seen:
            continue
        seen.add(id(entities))
        warm = np.flatnonzero(entities.known >= 0)
        found = _history_keys(entities.take(warm), rows[warm], side, split, data)
        extra = _only_first(found, training)
        if len(extra):
            example = _example(extra, data)
            yield f"{len(extra)} pairs in {side.value} histories of {name} are hidden, {example}"


def support_is_no_truth(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand that what is shown of a cold entity is asked for in no task of its stage."""
    for stage in (split.validation, split.test):
        shown = _together(
            _support_keys(entities, rows, side, split, data)
            for task in stage.values()
            for entities, rows, side in (
                (task.query.users, task.users, Side.USER),
                (task.query.items, task.items, Side.ITEM),
            )
        )
        for name, task in stage.items():
            shared = _both(_keys(task.truth, task.users, task.items, data), shown)
            if len(shared):
                yield f"{len(shared)} true pairs of {name} are shown, {_example(shared, data)}"


def test_is_not_in_validation(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand that no cold entity and no true pair serves both validation and test."""
    hidden = [_hidden(stage.values(), data) for stage in (split.validation, split.test)]
    for what, ours, theirs in zip(("true pairs", "cold users", "cold items"), *hidden, strict=True):
        shared = np.intersect1d(ours, theirs)
        if len(shared):
            yield f"{len(shared)} {what} serve both validation and test"


def _hidden(tasks: object, data: Dataset) -> tuple[LongArray, LongArray, LongArray]:
    holdouts: list[Holdout] = list(tasks)  # type: ignore[call-overload]
    return (
        _together(_keys(t.truth, t.users, t.items, data) for t in holdouts),
        _together(t.users[t.query.users.known < 0].astype(np.int64) for t in holdouts),
        _together(t.items[t.query.items.known < 0].astype(np.int64) for t in holdouts),
    )


def masks_hide_no_truth(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand that a true pair can be ranked, and what is known of a user cannot."""
    training = _training_keys(split, data)
    for name, task in _tasks(split):
        masked = np.sort(_keys(task.masked, task.users, task.items, data))
        both = _both(_keys(task.truth, task.users, task.items, data), masked)
        if len(both):
            yield f"{len(both)} true pairs of {name} are masked, {_example(both, data)}"
        asked = training[
            np.isin(training // data.interactions.n_items, task.users)
            & np.isin(training % data.interactions.n_items, task.items)
        ]
        ranked = _only_first(asked, masked)
        if len(ranked):
            yield f"{len(ranked)} training pairs of {name} are ranked, {_example(ranked, data)}"


def truth_is_of_the_data(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand that every true pair is in the dataset, and every candidate stands once."""
    width = data.interactions.n_items
    every = np.sort(data.interactions.users.astype(np.int64) * width + data.interactions.items)
    for name, task in _tasks(split):
        invented = _only_first(_keys(task.truth, task.users, task.items, data), every)
        if len(invented):
            yield f"{len(invented)} true pairs of {name} are not in the data"
        if len(np.unique(task.items)) != len(task.items):
            yield f"candidates of {name} are repeated"


def _tasks(split: Split) -> Iterator[tuple[str, Holdout]]:
    for stage, tasks in (("validation", split.validation), ("test", split.test)):
        for name, task in tasks.items():
            yield f"{stage} {name}", task


def _both(keys: LongArray, ordered: LongArray) -> LongArray:
    """Return the keys that are among sorted ones."""
    return keys[_among(keys, ordered)]


def _only_first(keys: LongArray, ordered: LongArray) -> LongArray:
    """Return the keys that are not among sorted ones."""
    return keys[~_among(keys, ordered)]


def _among(keys: LongArray, ordered: LongArray) -> BoolArray:
    if not len(ordered):
        return np.zeros(len(keys), dtype=bool)
    at = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    found: BoolArray = ordered[at] == keys
    return found


def _training_keys(split: Split, data: Dataset) -> LongArray:
    """Return the sorted keys of the training pairs."""
    pairs = split.train.interactions
    return np.sort(_pair_keys(split.users[pairs.users], split.items[pairs.items], data))


def _pair_keys(users: IntArray, items: IntArray, data: Dataset) -> LongArray:
    keys: LongArray = users.astype(np.int64) * data.interactions.n_items + items
    return keys


def _keys(matrix: CSR, users: IntArray, items: IntArray, data: Dataset) -> LongArray:
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return _pair_keys(users[rows], items[matrix.indices], data)


def _support_keys(
    entities: Entities, rows: IntArray, side: Side, split: Split, data: Dataset
) -> LongArray:
    cold = np.flatnonzero(entities.known < 0)
    return _history_keys(entities.take(cold), rows[cold], side, split, data)


def _history_keys(
    entities: Entities, rows: IntArray, side: Side, split: Split, data: Dataset
) -> LongArray:
    if side is Side.USER:
        return _keys(entities.history, rows, split.items, data)
    at = np.repeat(np.arange(len(entities)), np.diff(entities.history.indptr))
    return _pair_keys(split.users[entities.history.indices], rows[at], data)


def _together(parts: Iterator[LongArray]) -> LongArray:
    every = list(parts)
    return np.unique(np.concatenate(every)) if every else np.zeros(0, dtype=np.int64)


def _example(keys: LongArray, data: Dataset) -> str:
    user, item = divmod(int(keys[0]), data.interactions.n_items)
    return f"for example user {data.user_ids[user]} with item {data.item_ids[item]}"


RULES = (
    training_has_no_truth,
    training_has_no_cold_entity,
    known_means_known,
    histories_are_training,
    support_is_no_truth,
    test_is_not_in_validation,
    masks_hide_no_truth,
    truth_is_of_the_data,
)
