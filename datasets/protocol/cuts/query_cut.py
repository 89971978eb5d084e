"""The cut of papers on meta-learning: new users, some of whose rated items are their query."""

import numpy as np

from ...arrays import BoolArray
from ...errors import SplitError
from ...interactions import Interactions
from ...splitmix import Hashes
from ..seeded_hash import order_by_key, pair_hashes
from .cut import OUTSIDE, TEST, TRAIN, VALIDATION, WARM, Cut, Parts
from .random_cut import draw_cohort

DISLIKED = 4
"""Added to the part of a query's pairs that are no positives."""
SUPPORT = 8
"""Added to the part of the other positives of an evaluated user."""


def cut_queries(
    pairs: Interactions,
    liked: BoolArray,
    keys: tuple[Hashes, Hashes],
    seed: int,
    *,
    cold: float,
    query: int,
    lengths: tuple[int, int],
) -> Cut:
    """Draw new users, and of each the rated items that are asked about.

    Parameters
    ----------
    pairs, liked
        Every rated pair, and which are positives.
    keys
        uint64, of users and of items.
    cold
        Share of all users who are new, half in validation and half in the test.
    query
        Rated items of a user that are asked about.
    lengths
        Fewest and most rated items of a user who takes part; all others are outside.

    Raises
    ------
    SplitError
        When nobody takes part.
    """
    # New users are drawn among all, so that no interaction of theirs decides who else is new.
    users = draw_cohort(keys[0], seed, "users", cold)
    rated = np.bincount(pairs.users, minlength=pairs.n_users)
    users[(rated < lengths[0]) | (rated > lengths[1])] = OUTSIDE
    if not (users == TEST).any() or not (users == WARM).any():
        raise SplitError(
            f"of the {len(rated)} users none that has {lengths[0]} to {lengths[1]} rated items is "
            "left to train on or to test; use other lengths or more data"
        )
    stage = users[pairs.users]
    hashes = pair_hashes(keys[0][pairs.users], keys[1][pairs.items], seed, "query")
    by_user = order_by_key(pairs.users, hashes, lambda at: hashes[at])
    rank = np.empty(len(pairs), dtype=np.int64)
    rank[by_user] = np.arange(len(pairs)) - np.repeat(np.cumsum(rated) - rated, rated)
    asked, new = rank < query, (stage == VALIDATION) | (stage == TEST)
    parts: Parts = np.full(len(pairs), OUTSIDE, dtype=np.int8)
    parts[(stage == WARM) & liked] = TRAIN
    parts[new & asked] = stage[new & asked]
    parts[new & asked & ~liked] += DISLIKED
    parts[new & ~asked & liked] = stage[new & ~asked & liked] + SUPPORT
    return Cut(pairs, parts, users, np.full(pairs.n_items, WARM, dtype=np.int8))
