"""The rule that turns the rows of a file into a dataset's pairs, users and items."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...arrays import BoolArray, IntArray, LongArray, TextArray, make_read_only
from ...cache import cache_arrays
from ...errors import DataError
from ...hashing import hash_content
from ...interactions import Interactions
from ...reading.raw_bytes import read_stored_bytes
from .coding import encode_densely
from .filtering import find_k_core, keep_distinct_rows

VERSION = 2
"""Raised when the same rows and settings would give other pairs: old caches are then left alone."""

WORTH_CACHING = 4_000_000
"""Bytes of a source file from which on its pairs are cached."""


@dataclass(frozen=True)
class Rule:
    """Which pairs count as liked and who is kept.

    Attributes
    ----------
    minimum_rating
        A pair is a positive when its rating is at least this; None takes every pair.
    k_core
        Users and items are kept that have this many positives with other kept ones; 0 keeps all.
    """

    minimum_rating: float | None
    k_core: int

    def __post_init__(self) -> None:
        if self.k_core < 0:
            raise DataError(f"k_core={self.k_core} is negative", remedy="0 keeps everyone")
        if self.minimum_rating is not None and not np.isfinite(self.minimum_rating):
            raise DataError(f"minimum_rating={self.minimum_rating} is not a finite number")

    def sentence(self) -> str:
        """Return the rule for people."""
        liked = "every pair"
        if self.minimum_rating is not None:
            liked = f"a rating of at least {self.minimum_rating:g}"
        core = (
            f"kept are the users and items of the {self.k_core}-core of the positives, with every "
            "pair among them"
            if self.k_core
            else "every user and item is kept"
        )
        return f"positive = {liked}; {core}"


@dataclass(frozen=True)
class RatedPairs:
    """The pairs after the rule, over the kept users and items.

    Attributes
    ----------
    interactions, positive
        As in ``Dataset``.
    user_ids, item_ids
        Original ids as read: whole numbers or texts, sorted.
    known_items
        Every item of the file, kept or not.
    merged
        Duplicate rows that fell away.
    """

    interactions: Interactions
    positive: BoolArray
    user_ids: np.ndarray
    item_ids: np.ndarray
    known_items: np.ndarray
    merged: int


Rows = dict[str, np.ndarray]
"""Columns ``user``, ``item`` (whole numbers), ``rating``, and ``timestamp`` if any.

Where ids are texts, ``user`` and ``item`` are places in the sorted ``user_names``, ``item_names``.
"""


def read_rated_pairs(
    rule: Rule, layout: str, path: Path, read: Callable[[bytes], Rows]
) -> RatedPairs:
    """Read the rows and apply the rule, or find the outcome of an earlier time.

    Parameters
    ----------
    rule
        The rule.
    layout
        Names how the file is read: with its bytes and the rule it decides the outcome.
    path
        The file of the rows.
    read
        Makes rows of the file's bytes; called only when the outcome is not cached.

    Raises
    ------
    DataError
        The rule leaves no pair.
    """
    stored = read_stored_bytes(path)
    if len(stored) < WORTH_CACHING:
        return keep_pairs(rule, read(stored))
    key = hash_content(VERSION, layout, rule.minimum_rating, rule.k_core, stored)
    return _unpacked(cache_arrays("pairs", key, lambda: apply_rule(rule, read(stored))))


def keep_pairs(rule: Rule, rows: Rows) -> RatedPairs:
    """Return what the rule keeps of rows that were read already."""
    return _unpacked(apply_rule(rule, rows))


def apply_rule(rule: Rule, rows: Rows) -> dict[str, np.ndarray]:
    """Return the arrays of ``RatedPairs`` by name: merge, mark positives, keep the core."""
    users, user_ids = _coded(rows, "user")
    items, item_ids = _coded(rows, "item")
    times = rows.get("timestamp")
    order, merged = keep_distinct_rows(users, items, times, len(item_ids))
    limit = np.float32(-np.inf if rule.minimum_rating is None else rule.minimum_rating)
    liked = rows["rating"] >= limit
    core = _in_order(liked, order)
    sizes = len(user_ids), len(item_ids)
    kept_users, kept_items = find_k_core(users.take(core), items.take(core), rule.k_core, *sizes)
    alive = kept_users.take(users) & kept_items.take(items)
    kept = _in_order(alive, order)
    arrays = {
        "users": _renumbered(kept_users).take(users.take(kept)),
        "items": _renumbered(kept_items).take(items.take(kept)),
        "values": rows["rating"].take(kept),
        "positive": liked.take(kept),
    }
    if not arrays["positive"].any():
        raise DataError(
            f"no pair is left by the rule: {rule.sentence()}",
            remedy="lower minimum_rating or k_core",
        )
    if times is not None:
        arrays["timestamps"] = times.take(kept)
    return arrays | {
        "user_ids": user_ids[kept_users],
        "item_ids": item_ids[kept_items],
        "known_items": item_ids,
        "merged": np.array(merged),
    }


def _in_order(keep: BoolArray, order: LongArray | None) -> LongArray:
    """Return the positions where ``keep`` holds, in the given order; None is the rows' own."""
    if order is None:
        return np.flatnonzero(keep)
    positions: LongArray = order.take(np.flatnonzero(keep.take(order)))
    return positions


def _coded(rows: Rows, side: str) -> tuple[IntArray, np.ndarray]:
    codes, ids = encode_densely(rows[side])
    names = rows.get(f"{side}_names")
    return codes, ids if names is None else names[ids]


def _renumbered(keep: BoolArray) -> np.ndarray:
    return np.cumsum(keep, dtype=np.int32) - np.int32(1)


def _unpacked(arrays: dict[str, np.ndarray]) -> RatedPairs:
    interactions = Interactions(
        arrays["users"],
        arrays["items"],
        arrays["values"],
        arrays.get("timestamps"),
        len(arrays["user_ids"]),
        len(arrays["item_ids"]),
    )
    return RatedPairs(
        interactions,
        make_read_only(arrays["positive"]),
        arrays["user_ids"],
        arrays["item_ids"],
        arrays["known_items"],
        int(arrays["merged"]),
    )


def to_text(ids: np.ndarray, width: int = 0) -> TextArray:
    """Return ids as text, whole numbers padded with zeros to ``width``."""
    texts: TextArray = ids.astype(np.str_)
    return np.char.zfill(texts, width) if width else texts
