"""Receptive fields: at most K edges of each node, chosen by a hash of the node's edges.

The choice depends on nothing but the seed and the node's own edges, so that a cold item, which has
no index, gets the same field in whatever order and company it is queried, and a training item
the same field in training and in a query.
"""

from dataclasses import dataclass

import numpy as np

from ...datasets.arrays import BoolArray, LongArray
from ...datasets.graph import Links
from ...datasets.splitmix import splitmix64


@dataclass
class ReceptiveFields:
    """The receptive field of some rows.

    Attributes
    ----------
    nodes, relations
        int64, (rows, K): neighbour and relation; 0 where there is none.
    present
        bool, (rows, K): where there is one.
    """

    nodes: LongArray
    relations: LongArray
    present: BoolArray

    def take(self, rows: LongArray) -> "ReceptiveFields":
        """Return the fields of some rows."""
        return ReceptiveFields(self.nodes[rows], self.relations[rows], self.present[rows])


def choose_receptive_fields(
    links: Links, n_rows: int, size: int, seed: int, among: BoolArray | None = None
) -> ReceptiveFields:
    """Return at most ``size`` edges of each row; a row with fewer keeps all it has.

    Parameters
    ----------
    links
        Edges of the rows.
    n_rows
        How many rows there are, those without edges included.
    seed
        Decides the choice.
    among
        bool, (nodes,): the nodes that may be chosen; by default all. A choice that it admits is
        the choice without it.
    """
    # A salt per row, the sum of the hashes of its edges (a sum does not depend on their order), so
    # that two nodes with an edge in common need not both choose it.
    relations, nodes = links.relations.astype(np.uint64), links.nodes.astype(np.uint64)
    edge = splitmix64(relations << np.uint64(32) | nodes)
    rows = links.rows.astype(np.int64)
    salt = np.zeros(n_rows, dtype=np.uint64)
    np.add.at(salt, rows, edge)
    priority = splitmix64(edge ^ splitmix64(salt + np.uint64(seed))[rows])
    order = np.lexsort((priority, rows))
    ahead, behind = order[:-1], order[1:]
    if np.any((rows[ahead] == rows[behind]) & (priority[ahead] == priority[behind])):
        # The same edge twice, or two hashes that are equal by chance.
        order = np.lexsort((links.nodes, links.relations, priority, rows))
    # Sorted by row, then by priority: the first ``size`` of each row are its field. The same edges
    # without some keep their relative order, as the docstring of ``among`` promises.
    if among is not None:
        order = order[among[links.nodes[order]]]
    counts = np.bincount(rows[order], minlength=n_rows)
    place = np.arange(len(order)) - (np.cumsum(counts) - counts)[rows[order]]
    order, place = order[place < size], place[place < size]
    field = ReceptiveFields(
        np.zeros((n_rows, size), dtype=np.int64),
        np.zeros((n_rows, size), dtype=np.int64),
        np.zeros((n_rows, size), dtype=bool),
    )
    at = (rows[order], place)
    field.nodes[at] = links.nodes[order]
    field.relations[at] = links.relations[order]
    field.present[at] = True
    return field


def find_trained_nodes(field: ReceptiveFields, n_items: int, depth: int) -> BoolArray:
    """Return bool, (nodes,): the items, and what their fields lead to in ``depth`` steps.

    The embeddings of all other nodes stay as they were drawn, and say nothing.
    """
    trained = np.zeros(len(field.nodes), dtype=bool)
    trained[:n_items] = True
    for _ in range(depth):
        at = np.flatnonzero(trained)
        trained[field.nodes[at][field.present[at]]] = True
    return trained
