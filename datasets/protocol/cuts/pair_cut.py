"""The cut of papers on click-through rates: every pair is drawn by itself."""

import numpy as np

from ...interactions import Interactions
from ...splitmix import Hashes
from ..seeded_hash import pair_hashes, to_unit_interval
from .cut import TEST, TRAIN, VALIDATION, WARM, Cut, Parts
from .random_cut import Fractions


def cut_pairs(
    pairs: Interactions, user_keys: Hashes, item_keys: Hashes, seed: int, fractions: Fractions
) -> Cut:
    """Draw the part of each pair, whatever its user and item keep for training.

    An item that keeps none is cold: in the test where it has test pairs, else in the validation.
    Whoever keeps none is outside.
    """
    hashes = pair_hashes(user_keys[pairs.users], item_keys[pairs.items], seed, "pairs")
    drawn = to_unit_interval(hashes)
    parts: Parts = np.full(len(pairs), TRAIN, dtype=np.int8)
    parts[drawn < fractions.test + fractions.validation] = VALIDATION
    parts[drawn < fractions.test] = TEST
    users = np.full(pairs.n_users, WARM, dtype=np.int8)
    items = np.full(pairs.n_items, WARM, dtype=np.int8)
    trained, validated, tested = (
        np.bincount(pairs.items[parts == part], minlength=pairs.n_items) > 0
        for part in (TRAIN, VALIDATION, TEST)
    )
    items[~trained & validated] = VALIDATION
    items[~trained & tested] = TEST
    return Cut(pairs, parts, users, items)
