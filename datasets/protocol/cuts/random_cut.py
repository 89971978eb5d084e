"""The random strategy: cold cohorts by hash, and 80/10/10 of the warm pairs per user."""

from dataclasses import dataclass

import numpy as np

from ...arrays import DoubleArray, IntArray
from ...errors import SplitError
from ...interactions import Interactions
from ...splitmix import Hashes
from ..seeded_hash import entity_hashes, joined_hashes, order_by_key, to_unit_interval
from .cut import OUTSIDE, TEST, TRAIN, VALIDATION, WARM, Cut, Parts


@dataclass(frozen=True)
class Fractions:
    """Shares of a random split: cold entities, and validation and test among the warm pairs."""

    cold: float
    validation: float
    test: float


def cut_randomly(
    pairs: Interactions,
    user_keys: Hashes,
    item_keys: Hashes,
    seed: int,
    fractions: Fractions,
    *,
    cold_users: bool,
    cold_items: bool,
) -> Cut:
    """Draw cold entities and divide the pairs among the warm ones.

    Cohorts depend on the ids and the seed alone; the division of the warm pairs on the warm pairs
    alone. So interactions of cold entities cannot move anything in training.

    Raises
    ------
    SplitError
        When a side is too small to have cold entities for validation and test.
    """
    share = fractions.cold
    users = draw_cohort(user_keys, seed, "users", share if cold_users else 0.0)
    items = draw_cohort(item_keys, seed, "items", share if cold_items else 0.0)
    one, other = users[pairs.users], items[pairs.items]
    # Both cold in the same stage, or only one cold: the pair is asked there; else nowhere.
    parts = np.maximum(one, other)
    parts[(one != WARM) & (other != WARM) & (one != other)] = OUTSIDE
    warm = np.flatnonzero(parts == WARM)
    of_user, of_item = pairs.users[warm], pairs.items[warm]
    hashes = joined_hashes(entity_hashes(user_keys, seed, "division")[of_user], item_keys[of_item])
    rounding = to_unit_interval(entity_hashes(user_keys, seed, "rounding"))
    parts[warm] = divide(of_user, of_item, hashes, rounding, pairs.n_items, fractions)
    return Cut(pairs, parts, users, items)


def draw_cohort(keys: Hashes, seed: int, side: str, share: float) -> Parts:
    """Return the cohorts of one side: ``share`` of it cold, half validation and half test."""
    cohort = np.full(len(keys), WARM, dtype=np.int8)
    if share == 0.0:
        return cohort
    cold = int(np.floor(share * len(keys) + 0.5))
    if cold < 2 or cold == len(keys):
        raise SplitError(
            f"cold_fraction={share} of {len(keys)} {side} makes {cold} cold {side}; at least one "
            "each for validation, test and training is needed: use more data or another fraction"
        )
    drawn = np.argsort(entity_hashes(keys, seed, f"cold {side}"), kind="stable")[:cold]
    cohort[drawn[: cold // 2]] = VALIDATION
    cohort[drawn[cold // 2 :]] = TEST
    return cohort


def divide(
    users: IntArray,
    items: IntArray,
    hashes: Hashes,
    rounding: DoubleArray,
    n_items: int,
    fractions: Fractions,
) -> Parts:
    """Return the part of each warm pair: train, validation or test, by hash within each user.

    A user with n pairs gives floor(f n + r) of them to a share f, with its own r in [0, 1): within
    one of f n for everyone, and f n in the mean, also for users with few pairs.

    Parameters
    ----------
    users, items
        int32, (pairs,).
    hashes
        uint64, (pairs,): the order within each user.
    rounding
        float64, (users of the dataset,), in [0, 1).
    n_items
        Items of the dataset.
    fractions
        The shares of validation and test.
    """
    order = order_by_key(users, hashes, lambda at: hashes[at])
    counts = np.bincount(users, minlength=len(rounding))
    rank = np.arange(len(users)) - np.repeat(np.cumsum(counts) - counts, counts)
    test = np.floor(fractions.test * counts + rounding).astype(np.int64)
    held = np.floor((fractions.test + fractions.validation) * counts + rounding).astype(np.int64)
    ordered = np.full(len(users), TRAIN, dtype=np.int8)
    ordered[rank < np.repeat(held, counts)] = VALIDATION
    ordered[rank < np.repeat(test, counts)] = TEST
    parts = np.empty_like(ordered)
    parts[order] = ordered
    for entities, n in ((users, len(rounding)), (items, n_items)):
        _return_orphans(parts, entities, hashes, n)
    return parts


def _return_orphans(parts: Parts, entities: IntArray, hashes: Hashes, n: int) -> None:
    """Give each entity that lost all its pairs the last one, by hash, back for training."""
    orphan = np.ones(n, dtype=bool)
    orphan[entities[parts == TRAIN]] = False
    at = np.flatnonzero(orphan[entities])
    if not len(at):
        return
    at = at[np.lexsort((hashes[at], entities[at]))]
    last = np.append(entities[at[1:]] != entities[at[:-1]], True)
    parts[at[last]] = TRAIN
