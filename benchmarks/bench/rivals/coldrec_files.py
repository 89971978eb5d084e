"""A split in the files that ColdRec reads, without any test pair in them."""

import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ....datasets.arrays import FloatArray, IntArray
from ....datasets.protocol.split_pairs import Pairs, list_train_pairs, list_truth_pairs
from ....datasets.world import Holdout, Split

NAME = "coldbench"
"""What the dataset is called in the checkout."""
COLD = "new_item/cold/k=0"
WARM = "warm/warm/k=0"
ALL = "new_item/all/k=0"
TASKS = (COLD, ALL, WARM)
"""The tasks that ColdRec answers: its users are warm, and its new items have no interactions."""


@dataclass(frozen=True)
class Numbering:
    """ColdRec's indices of the entities of a dataset, in the order in which it meets them.

    Attributes
    ----------
    users, items
        int32: dataset index of each of its indices.
    """

    users: IntArray
    items: IntArray

    def number(self, pairs: Pairs) -> Pairs:
        """Return pairs of dataset indices in ColdRec's."""
        users, items = _invert(self.users), _invert(self.items)
        return users[pairs[0]], items[pairs[1]]


def _invert(order: IntArray) -> IntArray:
    place = np.full(int(order.max()) + 1, -1, dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return place


def write_files(split: Split, folder: Path) -> Numbering:
    """Write a split below ``folder``, ColdRec's checkout, and return its numbering.

    Its test files hold no truth: one row per candidate, all of the first user, so that every
    candidate has an index. Its training and early stopping read the others alone.

    Parameters
    ----------
    split
        Of a scenario with the tasks of ``TASKS``, items with features.
    folder
        A copy of the checkout, its ``data`` and ``emb`` are written.
    """
    train = list_train_pairs(split.train, split.users, split.items)
    warm, cold = (list_truth_pairs(split.validation[name]) for name in (WARM, COLD))
    first = train[0][:1]
    candidates = np.unique(np.concatenate([split.test[name].items for name in TASKS]))
    shown = np.setdiff1d(candidates, train[1])
    tests = (np.repeat(first, len(shown)), shown)
    both = np.intersect1d(warm[0], cold[0])
    joined = tuple(np.concatenate([a, b]) for a, b in zip(cold, warm, strict=True))
    kept = np.isin(joined[0], both)
    overall = (joined[0][kept], joined[1][kept])
    numbering = Numbering(
        *(_order(np.concatenate(sides)) for sides in zip(train, warm, cold, tests, strict=True))
    )
    home = folder / "data" / NAME / "cold_item"
    home.mkdir(parents=True)
    (folder / "emb").mkdir(exist_ok=True)
    tables = {
        "warm_train": train,
        "warm_val": warm,
        "cold_item_val": cold,
        "overall_val": overall,
        "warm_test": (first, train[1][:1]),
        "cold_item_test": tests,
        "overall_test": tests,
    }
    for name, pairs in tables.items():
        _write_pairs(home / f"{name}.csv", numbering.number(pairs))
    known = numbering.number(train)
    cold_items = np.setdiff1d(np.arange(len(numbering.items)), known[1])
    facts = {
        "user_num": len(numbering.users),
        "item_num": len(numbering.items),
        "warm_user": np.unique(known[0]),
        "warm_item": np.unique(known[1]),
        "cold_user": numbering.number(tests)[0][:0],
        "cold_item": cold_items,
    }
    with (home / "info_dict.pkl").open("wb") as file:
        pickle.dump(facts, file, protocol=4)
    tasks = [*split.validation.values(), *split.test.values()]
    content = collect_features(split, tasks)[numbering.items]
    np.save(home.parent / f"{NAME}_item_content.npy", content)
    return numbering


def _order(entities: IntArray) -> IntArray:
    """Return the distinct entities in the order of their first place."""
    distinct, first = np.unique(entities, return_index=True)
    return distinct[np.argsort(first)].astype(np.int32)


def _write_pairs(path: Path, pairs: Pairs) -> None:
    rows = np.stack(pairs, axis=1)
    np.savetxt(path, rows, fmt="%d", delimiter=",", header="user,item", comments="")


def collect_features(split: Split, tasks: Iterable[Holdout]) -> FloatArray:
    """Return float32, (dataset items, columns): what a method may see of every item's features."""
    train = split.train.items.features
    tasks = list(tasks)
    last = max([int(split.items.max()), *(int(one.items.max()) for one in tasks)])
    found = np.zeros((last + 1, train.shape[1]), dtype=np.float32)
    found[split.items] = train.toarray()
    for task in tasks:
        cold = task.cold_items
        found[task.items[cold]] = task.query.items.features[cold].toarray()
    return found
