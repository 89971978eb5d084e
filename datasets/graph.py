"""A knowledge graph as triples over the items of a dataset and further entities."""

from dataclasses import dataclass

import numpy as np

from .arrays import IntArray
from .side_information import Provenance


@dataclass(frozen=True)
class Graph:
    """Directed triples (head, relation, tail); nodes ``0..n_items-1`` are the items themselves.

    Attributes
    ----------
    heads, relations, tails
        int32, (triples,).
    n_items
        How many of the nodes are items; the further nodes are entities (a genre, a director).
    n_nodes
        Items and entities together.
    relation_names
        One readable name per relation.
    provenance
        One per relation. An edge mined from interactions is leakage and has no place here.
    """

    heads: IntArray
    relations: IntArray
    tails: IntArray
    n_items: int
    n_nodes: int
    relation_names: tuple[str, ...]
    provenance: tuple[Provenance, ...]

    def take(self, keep: np.ndarray) -> "Graph":
        """Return the graph with only the triples where the boolean mask ``keep`` is true."""
        return Graph(
            self.heads[keep],
            self.relations[keep],
            self.tails[keep],
            self.n_items,
            self.n_nodes,
            self.relation_names,
            self.provenance,
        )


@dataclass(frozen=True)
class Links:
    """Edges from the rows of an ``Entities`` to nodes of the training graph.

    Attributes
    ----------
    rows
        int32, (edges,): position of the entity in its ``Entities``.
    relations
        int32, (edges,): index into the graph's ``relation_names``.
    nodes
        int32, (edges,): node of the training graph at the other end.
    """

    rows: IntArray
    relations: IntArray
    nodes: IntArray
