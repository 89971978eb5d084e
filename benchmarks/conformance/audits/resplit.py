"""The audit of scenarios: change the data of cold entities, and split again."""

from dataclasses import replace
from typing import Protocol

import numpy as np

from ....datasets.arrays import BoolArray, make_read_only
from ....datasets.dataset import Dataset
from ....datasets.errors import SplitError
from ....datasets.hashing import hash_content
from ....datasets.interactions import Interactions
from ....datasets.protocol.settings import Strategy
from ....datasets.world import SideMode, Split
from ..test_splits import list_view_parts
from .cold_content import multiply_content, remove_content, replace_content
from .finding import Finding

SEED = 31
SHARES_KEPT = (0.0, 0.1, 0.3, 0.6, 0.9)
"""Of the cold entities' interactions, tried in this order."""


class Splits(Protocol):
    """A scenario."""

    def split(self, data: Dataset, seed: int) -> Split:
        """Cut a dataset."""
        ...


def audit_scenario(scenario: Splits, data: Dataset, seed: int) -> list[Finding]:
    """Return which changes of cold entities change the training data.

    The cold entities' interactions are removed, then rewired; then their features, texts and
    triples are handed around, taken away, and multiplied: every rare value becomes frequent, new
    values, nodes and relations come up, numbers grow huge. Each time the training data must stay
    the same to the last bit. Where a scenario can ask nothing without cold interactions, as many
    are removed as it bears. In a transductive split what is known of cold entities may be seen, and
    is not changed. A temporal split is cut by the times of all pairs, so its interactions are not
    touched.

    Parameters
    ----------
    scenario
        What is audited.
    data
        A dataset that it can split, large enough to lose some pairs.
    seed
        The split seed.
    """
    split = scenario.split(data, seed)
    users, items = mark_cold_entities(split, data)
    changes: list[tuple[str, list[Dataset]]] = []
    if getattr(scenario, "strategy", Strategy.RANDOM) is not Strategy.TEMPORAL:
        thinned = [remove_interactions(data, users, items, share) for share in SHARES_KEPT]
        changes.append(("cold_interactions", thinned))
        changes.append(("cold_interactions_rewired", [rewire_interactions(data, users, items)]))
    if not _is_transductive(scenario, split):
        edits = (replace_content, remove_content, multiply_content)
        changes += [("cold_side_information", [edit(data, users, items)]) for edit in edits]
    before = hash_content(*list_view_parts(split.train))
    moved = [
        name
        for name, tries in changes
        if hash_content(*list_view_parts(_first_split(scenario, tries, seed).train)) != before
    ]
    return [
        Finding(name, f"changing the {name.replace('_', ' ')} changes the training data")
        for name in dict.fromkeys(moved)
    ]


def _is_transductive(scenario: Splits, split: Split) -> bool:
    """Say whether training may see what is known of cold entities."""
    declared = getattr(scenario, "side_information", None) is SideMode.TRANSDUCTIVE
    shown = split.train.unseen_users is not None or split.train.unseen_items is not None
    return declared or shown


def _first_split(scenario: Splits, tries: list[Dataset], seed: int) -> Split:
    """Split the first of some datasets that the scenario does not refuse."""
    for data in tries[:-1]:
        try:
            return scenario.split(data, seed)
        except SplitError:
            continue
    return scenario.split(tries[-1], seed)


def mark_cold_entities(split: Split, data: Dataset) -> tuple[BoolArray, BoolArray]:
    """Return bool masks over the dataset's users and items: those outside the training data."""
    users = np.ones(len(data.user_ids), dtype=bool)
    items = np.ones(len(data.item_ids), dtype=bool)
    users[split.users], items[split.items] = False, False
    return users, items


def remove_interactions(data: Dataset, users: BoolArray, items: BoolArray, share: float) -> Dataset:
    """Return the dataset with only a share of the interactions of the marked entities."""
    pairs = data.interactions
    touched = users[pairs.users] | items[pairs.items]
    rng = np.random.default_rng(SEED)
    kept = ~touched | (rng.random(len(pairs)) < share)
    return replace(
        data, interactions=pairs.take(kept), positive=make_read_only(data.positive[kept])
    )


def rewire_interactions(data: Dataset, users: BoolArray, items: BoolArray) -> Dataset:
    """Return the dataset where the marked entities have interacted with others."""
    pairs = data.interactions
    rng = np.random.default_rng(SEED)
    new_users, new_items = pairs.users.copy(), pairs.items.copy()
    of_item = np.flatnonzero(items[pairs.items] & ~users[pairs.users])
    new_users[of_item] = rng.permutation(new_users[of_item])
    of_user = np.flatnonzero(users[pairs.users] & ~items[pairs.items])
    new_items[of_user] = rng.permutation(new_items[of_user])
    keys = new_users.astype(np.int64) * pairs.n_items + new_items
    first = np.zeros(len(keys), dtype=bool)
    first[np.unique(keys, return_index=True)[1]] = True
    moved = Interactions(
        new_users[first],
        new_items[first],
        pairs.values[first],
        None if pairs.timestamps is None else pairs.timestamps[first],
        pairs.n_users,
        pairs.n_items,
    )
    return replace(data, interactions=moved, positive=make_read_only(data.positive[first]))
