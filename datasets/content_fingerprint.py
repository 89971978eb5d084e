"""The fingerprint of a dataset's whole content: what a record and a cached split are known by."""

import numpy as np

from .arrays import BoolArray, TextArray
from .graph import Graph
from .hashing import hash_content
from .interactions import Interactions
from .side_information import FeatureColumn, SideInformation


def fingerprint(
    interactions: Interactions,
    positive: BoolArray,
    ids: tuple[TextArray, TextArray],
    sides: tuple[SideInformation, SideInformation],
    graph: Graph | None,
) -> str:
    """Return the sha256 (hex) of everything in a dataset that can move a number.

    Name and rule of a dataset are not hashed: the effects of the rule are in the pairs.

    Parameters
    ----------
    interactions, positive
        The pairs with values and times, and which of them are positives.
    ids
        Original ids of users and items.
    sides
        Side information of users and items.
    graph
        The knowledge graph, or None.
    """
    user_ids, item_ids = ids
    users, items = sides
    return hash_content(
        _pairs(interactions, positive),
        user_ids,
        item_ids,
        _side(users),
        _side(items),
        _graph(graph),
    )


def _pairs(pairs: Interactions, positive: np.ndarray) -> str:
    """Return the hash of the pairs; where they are sorted by user, users count as row lengths."""
    ordered = bool((pairs.users[1:] >= pairs.users[:-1]).all())
    users = np.bincount(pairs.users) if ordered else pairs.users
    return hash_content(users, pairs.items, pairs.values, positive, pairs.timestamps)


def _side(side: SideInformation) -> list[object]:
    columns = [_column(column) for column in side.columns]
    texts = [[t.name, t.provenance, list(t.values)] for t in side.texts]
    vectors = [[v.name, v.provenance, v.values] for v in side.vectors]
    return [columns, texts, vectors] if vectors else [columns, texts]


def _column(column: FeatureColumn) -> list[object]:
    """Return what tells a column from others; a threshold of 1 leaves nothing out and is none."""
    parts = [column.name, column.provenance, column.numeric, column.values, column.matrix]
    parts += [] if column.minimum_count == 1 else [column.minimum_count]
    parts += ["dated"] if column.dated else []
    return parts if column.refers_to is None else [*parts, column.refers_to]


def _graph(graph: Graph | None) -> list[object] | None:
    if graph is None:
        return None
    triples = [graph.heads, graph.relations, graph.tails]
    return [*triples, graph.n_items, graph.n_nodes, graph.relation_names, graph.provenance]
