"""The fingerprint of a split: the same on any machine and in any order of rows or indices."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..arrays import IntArray, LongArray, TextArray
from ..world import Holdout, TrainView
from .split_pairs import (
    Pairs,
    list_negative_pairs,
    list_support_pairs,
    list_train_pairs,
    list_truth_pairs,
)


@dataclass(frozen=True)
class Section:
    """One part of the content: pairs of dataset indices, or items alone."""

    name: str
    users: IntArray | None
    items: IntArray


def list_sections(
    train: TrainView, stages: Mapping[str, Mapping[str, Holdout]], rows: Pairs
) -> Iterator[Section]:
    """Yield train, then support, truth and candidates of each task of each stage, by name.

    Those of a task that has negatives are followed by them.

    Parameters
    ----------
    train, stages
        The training data, and the tasks by stage and name.
    rows
        Dataset index of each training user and item.
    """
    yield Section("train", *list_train_pairs(train, *rows))
    for stage in sorted(stages):
        for name in sorted(stages[stage]):
            task = stages[stage][name]
            yield Section(f"{stage} {name} support", *list_support_pairs(task, *rows))
            yield Section(f"{stage} {name} truth", *list_truth_pairs(task))
            yield Section(f"{stage} {name} candidates", None, task.items)
            if task.negatives is not None:
                yield Section(f"{stage} {name} negatives", *list_negative_pairs(task))


def hash_split(
    content: Iterator[Section], user_ids: TextArray, item_ids: TextArray, files: Mapping[str, str]
) -> str:
    """Return the sha256 of the content of a split by original ids.

    The sorted ids of the users and items that occur in the content are hashed, then each section
    as its sorted pairs of places in those lists. It can be computed from an exported split alone.

    Parameters
    ----------
    content
        The sections.
    user_ids, item_ids
        Original id of each dataset index.
    files
        sha256 of the files of a published split, by name; empty for another split.
    """
    parts = list(content)
    users = _places(user_ids, [p.users for p in parts if p.users is not None])
    items = _places(item_ids, [p.items for p in parts])
    width = int(items.max(initial=0)) + 1
    digest = hashlib.sha256(b"coldbench split 1\n")
    for ids, place in ((user_ids, users), (item_ids, items)):
        named = np.flatnonzero(place >= 0)
        digest.update("\n".join(ids[named[np.argsort(place[named])]].tolist()).encode() + b"\n\n")
    for part in parts:
        coded = items[part.items]
        if part.users is not None:
            coded = users[part.users] * width + coded
        digest.update(f"{part.name} {len(coded)}\n".encode())
        digest.update(_sorted(coded).astype("<i8").tobytes())
    for name in sorted(files):
        digest.update(f"file {name} {files[name]}\n".encode())
    return digest.hexdigest()


def _sorted(numbers: LongArray) -> np.ndarray:
    """Return non-negative numbers in order, in half the width where they fit: half the time."""
    small = int(numbers.max(initial=0)) < 1 << 32
    return np.sort(numbers.astype(np.uint32) if small else numbers)


def _places(ids: TextArray, used: list[IntArray]) -> LongArray:
    """Return the place of each used entity among the sorted ids of the used ones, else -1."""
    mark = np.zeros(len(ids), dtype=bool)
    for indices in used:
        mark[indices] = True
    named = np.flatnonzero(mark)
    place = np.full(len(ids), -1, dtype=np.int64)
    place[named[np.argsort(ids[named], kind="stable")]] = np.arange(len(named))
    return place
