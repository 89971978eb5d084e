"""The fingerprint of a dataset's whole content: what a record and a cached split are known by."""

from typing import TYPE_CHECKING

import numpy as np

from .graph import Graph
from .hashing import content_hash
from .interactions import Interactions
from .sides import FeatureColumn, SideInformation

if TYPE_CHECKING:
    from .dataset import Dataset


def fingerprint(data: "Dataset") -> str:
    """Return the sha256 (hex) of everything in a dataset that can move a number.

    Pairs with values, times and positives, original ids, the columns and texts of both sides, and
    the graph. The name and the rule are told, not hashed: the rule's effects are in the pairs.
    """
    return content_hash(
        _pairs(data.interactions, data.positive),
        data.user_ids,
        data.item_ids,
        _side(data.users),
        _side(data.items),
        _graph(data.graph),
    )


def _pairs(pairs: Interactions, positive: np.ndarray) -> str:
    """Return the hash of the pairs; where they are sorted by user, users count as row lengths."""
    ordered = bool((pairs.users[1:] >= pairs.users[:-1]).all())
    users = np.bincount(pairs.users) if ordered else pairs.users
    return content_hash(users, pairs.items, pairs.values, positive, pairs.timestamps)


def _side(side: SideInformation) -> list[object]:
    columns = [_column(column) for column in side.columns]
    texts = [[t.name, t.provenance, list(t.values)] for t in side.texts]
    vectors = [[v.name, v.provenance, v.values] for v in side.vectors]
    return [columns, texts, vectors] if vectors else [columns, texts]


def _column(column: FeatureColumn) -> list[object]:
    """Return what tells a column from others; a threshold of 1 leaves nothing out and is none."""
    parts = [column.name, column.provenance, column.numeric, column.values, column.matrix]
    return parts if column.minimum_count == 1 else [*parts, column.minimum_count]


def _graph(graph: Graph | None) -> list[object] | None:
    if graph is None:
        return None
    triples = [graph.heads, graph.relations, graph.tails]
    return [*triples, graph.n_items, graph.n_nodes, graph.relation_names, graph.provenance]
