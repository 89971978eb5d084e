"""The leak suite for scenarios: change the raw data where nobody may look, and split again."""

from dataclasses import replace
from typing import Protocol

import numpy as np
from scipy.sparse import vstack

from ...datasets.arrays import BoolArray, frozen
from ...datasets.dataset import Dataset
from ...datasets.errors import SplitError
from ...datasets.graph import Graph
from ...datasets.hashing import content_hash
from ...datasets.interactions import Interactions
from ...datasets.protocol.settings import Strategy
from ...datasets.sides import FeatureColumn, SideInformation, TextColumn
from ...datasets.world import Split
from .finding import Finding
from .worlds import view_parts

SEED = 31
SHARES_KEPT = (0.0, 0.1, 0.3, 0.6, 0.9)
"""Of the cold entities' interactions, tried in this order."""


class Splits(Protocol):
    """A scenario."""

    def split(self, data: Dataset, seed: int) -> Split:
        """Cut a dataset."""
        ...


def audit_scenario(scenario: Splits, data: Dataset, seed: int) -> list[Finding]:
    """Return what moves the training world although it belongs to cold entities alone.

    The cold entities' interactions are removed, then rewired, then their features, texts and
    triples are replaced; each time the training world must stay the same to the last bit. Where a
    scenario can ask nothing without cold interactions, as many are removed as it bears. In a
    transductive split the last change may be seen, and is not tried. A temporal split is cut by
    the times of all pairs, so its interactions are not touched.

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
    users, items = cold_entities(split, data)
    changes: dict[str, list[Dataset]] = {}
    if getattr(scenario, "strategy", Strategy.RANDOM) is not Strategy.TEMPORAL:
        thinned = [thinner(data, users, items, share) for share in SHARES_KEPT]
        changes["cold_interactions"] = thinned
        changes["cold_interactions_rewired"] = [rewired(data, users, items)]
    if split.train.unseen_users is None and split.train.unseen_items is None:
        changes["cold_side_information"] = [poisoned(data, users, items)]
    before = content_hash(*view_parts(split.train))
    return [
        Finding(name, f"changing the {name.replace('_', ' ')} changes the training world")
        for name, tries in changes.items()
        if content_hash(*view_parts(_first_split(scenario, tries, seed).train)) != before
    ]


def _first_split(scenario: Splits, tries: list[Dataset], seed: int) -> Split:
    """Split the first of some datasets that the scenario does not refuse."""
    for data in tries[:-1]:
        try:
            return scenario.split(data, seed)
        except SplitError:
            continue
    return scenario.split(tries[-1], seed)


def cold_entities(split: Split, data: Dataset) -> tuple[BoolArray, BoolArray]:
    """Return bool masks over the dataset's users and items: those outside the training world."""
    users = np.ones(len(data.user_ids), dtype=bool)
    items = np.ones(len(data.item_ids), dtype=bool)
    users[split.users], items[split.items] = False, False
    return users, items


def thinner(data: Dataset, users: BoolArray, items: BoolArray, share: float) -> Dataset:
    """Return the dataset with only a share of the interactions of the marked entities."""
    pairs = data.interactions
    touched = users[pairs.users] | items[pairs.items]
    rng = np.random.default_rng(SEED)
    kept = ~touched | (rng.random(len(pairs)) < share)
    return replace(data, interactions=pairs.take(kept), positive=frozen(data.positive[kept]))


def rewired(data: Dataset, users: BoolArray, items: BoolArray) -> Dataset:
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
    return replace(data, interactions=moved, positive=frozen(data.positive[first]))


def poisoned(data: Dataset, users: BoolArray, items: BoolArray) -> Dataset:
    """Return the dataset with other features, texts and triples on the marked entities."""
    return replace(
        data,
        users=_poisoned_side(data.users, users),
        items=_poisoned_side(data.items, items),
        graph=None if data.graph is None else _poisoned_graph(data.graph, items),
    )


def _poisoned_side(side: SideInformation, cold: BoolArray) -> SideInformation:
    return SideInformation(
        tuple(_poisoned_column(column, cold) for column in side.columns),
        tuple(_poisoned_text(text, cold) for text in side.texts),
    )


def _poisoned_column(column: FeatureColumn, cold: BoolArray) -> FeatureColumn:
    """Hand the rows around among the cold entities; shift quantities."""
    rng = np.random.default_rng(SEED)
    other = column.matrix[rng.permutation(column.matrix.shape[0])].copy()
    if column.numeric:
        other.data = (other.data * 3 + 11).astype(np.float32)
    rows = np.arange(len(cold)) + np.where(cold, len(cold), 0)
    matrix = vstack((column.matrix, other), format="csr")[rows]
    matrix.sort_indices()
    return replace(column, matrix=frozen(matrix))


def _poisoned_text(text: TextColumn, cold: BoolArray) -> TextColumn:
    values = [
        f"quixotic{row} zephyr obelisk" if cold[row] else value
        for row, value in enumerate(text.values)
    ]
    return replace(text, values=values)


def _poisoned_graph(graph: Graph, cold: BoolArray) -> Graph:
    """Point the triples of cold items to other entities among those that they name together."""
    rng = np.random.default_rng(SEED)
    tails = graph.tails.copy()
    node_is_cold = np.zeros(graph.n_nodes, dtype=bool)
    node_is_cold[: graph.n_items] = cold
    theirs = np.flatnonzero(node_is_cold[graph.heads])
    tails[theirs] = rng.permutation(tails[theirs])
    return replace(graph, tails=frozen(tails))
