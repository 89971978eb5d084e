"""Published splits, placed as they are among the pairs of a dataset."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...arrays import BoolArray, IntArray, LongArray, TextArray
from ...dataset import Dataset
from ...errors import SplitError
from ...interactions import Interactions
from ..settings import PublishedFormat
from .cut import OUTSIDE, TEST, TRAIN, VALIDATION, WARM, Cut, Parts
from .published_files import Rows, read_content, read_pairs


@dataclass(frozen=True)
class SplitFile:
    """One file of a published split: its name, the part of its pairs, and if its items are cold."""

    name: str
    part: int
    cold: bool


@dataclass(frozen=True)
class Layout:
    """The files of one published format, and the names of their user and item columns."""

    columns: tuple[str, str]
    files: tuple[SplitFile, ...]


LAYOUTS = {
    PublishedFormat.ALDI: Layout(
        ("user", "item"),
        (
            SplitFile("warm_emb.csv", TRAIN, False),
            SplitFile("warm_val.csv", VALIDATION, False),
            SplitFile("warm_test.csv", TEST, False),
            SplitFile("cold_item_val.csv", VALIDATION, True),
            SplitFile("cold_item_test.csv", TEST, True),
        ),
    ),
    PublishedFormat.HEATER: Layout(
        ("uid", "iid"),
        (
            SplitFile("train.csv", TRAIN, False),
            SplitFile("vali.csv", VALIDATION, True),
            SplitFile("test.csv", TEST, True),
        ),
    ),
}


def cut_as_published(
    data: Dataset, pairs: Interactions, folder: str | None, form: PublishedFormat
) -> Cut:
    """Read the files of a published split and give each of its pairs its part.

    Parameters
    ----------
    data
        Its original ids are what the files speak of.
    pairs
        What is split; a pair of the dataset that is in no file plays no role.
    folder
        Where the files are; each may be compressed (``.gz``).
    form
        Whose files they are.

    Raises
    ------
    SplitError
        When no folder is given.
    DataError
        For a missing file or column, a row that is not a pair of the dataset, a pair that occurs
        twice, or an item that is cold in one file and not in another; with file and line.
    """
    if folder is None:
        raise SplitError("strategy=published needs files=FOLDER, the folder of the split files")
    root, layout = Path(folder).expanduser(), LAYOUTS[form]
    places = Places.of(data, pairs)
    parts = np.full(len(pairs), OUTSIDE, dtype=np.int8)
    items = np.full(pairs.n_items, OUTSIDE, dtype=np.int8)
    hashes: dict[str, str] = {}
    for file in layout.files:
        path, content = read_content(root, file.name)
        hashes[file.name] = hashlib.sha256(content).hexdigest()
        rows = read_pairs(path, content, layout.columns)
        at = places.find(rows)
        rows.refuse(_again(at) | (parts[at] != OUTSIDE), "is already in this split, once is enough")
        parts[at] = file.part
        _set_cohort(items, pairs.items[at], file.part if file.cold else WARM, rows)
    return Cut(pairs, parts, np.full(pairs.n_users, WARM, dtype=np.int8), items, hashes)


@dataclass(frozen=True)
class Places:
    """Where each pair of original ids is among the pairs of a dataset."""

    users: "Index"
    items: "Index"
    keys: LongArray
    order: LongArray

    @staticmethod
    def of(data: Dataset, pairs: Interactions) -> "Places":
        """Sort the pairs of a dataset once."""
        keys = pairs.users.astype(np.int64) * pairs.n_items + pairs.items
        order = np.argsort(keys)
        return Places(Index.of(data.user_ids), Index.of(data.item_ids), keys[order], order)

    def find(self, rows: Rows) -> LongArray:
        """Return the position of each row's pair.

        Raises
        ------
        DataError
            For a user, an item or a pair that the dataset does not have.
        """
        users, items = self.users.find(rows.users), self.items.find(rows.items)
        rows.refuse(users < 0, "names a user that the dataset does not have")
        rows.refuse(items < 0, "names an item that the dataset does not have")
        keys = users.astype(np.int64) * len(self.items.ordered) + items
        at = np.minimum(np.searchsorted(self.keys, keys), max(0, len(self.keys) - 1))
        found = self.keys[at] == keys if len(self.keys) else np.zeros(len(keys), dtype=bool)
        rows.refuse(~found, "is not an interaction of the dataset that counts")
        placed: LongArray = self.order[at]
        return placed


@dataclass(frozen=True)
class Index:
    """The index of each original id."""

    ordered: TextArray
    order: LongArray

    @staticmethod
    def of(ids: TextArray) -> "Index":
        """Sort the ids once."""
        order = np.argsort(ids, kind="stable")
        return Index(ids[order], order)

    def find(self, ids: TextArray) -> IntArray:
        """Return int32, the index of each id, -1 for an unknown one."""
        at = np.minimum(np.searchsorted(self.ordered, ids), len(self.ordered) - 1)
        return np.where(self.ordered[at] == ids, self.order[at], -1).astype(np.int32)


def _again(at: LongArray) -> BoolArray:
    """Return which positions occurred earlier in the array."""
    first = np.zeros(len(at), dtype=bool)
    first[np.unique(at, return_index=True)[1]] = True
    return ~first


def _set_cohort(items: Parts, at: IntArray, cohort: int, rows: Rows) -> None:
    """Put the items of a file into its cohort; refuse one that another file put elsewhere."""
    clash = (items[at] != OUTSIDE) & (items[at] != cohort)
    rows.refuse(clash, "has an item that is cold in one file of the split and not in another")
    items[at] = cohort
