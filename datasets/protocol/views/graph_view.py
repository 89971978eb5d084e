"""The knowledge graph cut down to the training data, and the links of any item into it."""

from dataclasses import dataclass

import numpy as np

from ...arrays import BoolArray, IntArray, make_read_only
from ...graph import Graph, Links
from ...side_information import Track


@dataclass(frozen=True)
class GraphView:
    """A training graph and, for every item of the dataset, its edges into that graph.

    Attributes
    ----------
    graph
        Nodes ``0..n_items-1`` are the training items, then the entities.
    items, relations, nodes
        int32, (edges,): dataset item, relation, node of ``graph`` at the other end; an edge whose
        tail is the item has its relation raised by the number of relation names.
    """

    graph: Graph
    items: IntArray
    relations: IntArray
    nodes: IntArray

    def links(self, rows: IntArray) -> Links:
        """Return the edges of the dataset items ``rows``, by row."""
        position = np.full(self._n_dataset_items(rows), -1, dtype=np.int32)
        position[rows] = np.arange(len(rows), dtype=np.int32)
        at = position[self.items]
        keep = np.flatnonzero(at >= 0)
        keep = keep[np.argsort(at[keep], kind="stable")]
        parts = (at[keep], self.relations[keep], self.nodes[keep])
        return Links(*(make_read_only(part) for part in parts))

    def _n_dataset_items(self, rows: IntArray) -> int:
        return 1 + max(int(self.items.max(initial=-1)), int(rows.max(initial=-1)))


def view_graph(graph: Graph, track: Track, warm: IntArray, *, transductive: bool) -> GraphView:
    """Restrict a graph to the training items and the entities that may be known during training.

    Inductive: no item that is not in training, and no entity, triple or relation name that is
    reached only through one. Transductive: the entities and relations of everybody, and still
    only training items. In neither an entity that only relations of other provenances name.

    Parameters
    ----------
    graph
        Nodes ``0..n_items-1`` are the items of the dataset.
    track
        Relations of other provenances are left out, names included.
    warm
        int32: dataset index of each training item.
    """
    named = _in_triples(graph)
    graph = _with_relations(graph, np.array([track.admits(p) for p in graph.provenance], bool))
    present = ~named | _in_triples(graph)
    present[: graph.n_items] = False
    present[warm] = True
    if not transductive:
        present &= _reached(graph, present, warm)
        graph = _with_relations(graph, _used(graph, present))
    node = _numbered(present, graph.n_items, warm)
    kept = graph.take(present[graph.heads] & present[graph.tails])
    training = Graph(
        make_read_only(node[kept.heads]),
        make_read_only(kept.relations),
        make_read_only(node[kept.tails]),
        n_items=len(warm),
        n_nodes=int(present.sum()),
        relation_names=graph.relation_names,
        provenance=graph.provenance,
    )
    return GraphView(training, *_item_edges(graph, node))


def _in_triples(graph: Graph) -> BoolArray:
    """Return which nodes a triple names."""
    named = np.zeros(graph.n_nodes, dtype=bool)
    named[graph.heads] = named[graph.tails] = True
    return named


def _with_relations(graph: Graph, kept: BoolArray) -> Graph:
    """Return the graph with some of its relations only, numbered anew in the same order."""
    number = (np.cumsum(kept) - 1).astype(np.int32)
    left = graph.take(kept[graph.relations])
    return Graph(
        left.heads,
        number[left.relations],
        left.tails,
        graph.n_items,
        graph.n_nodes,
        tuple(n for n, ok in zip(graph.relation_names, kept, strict=True) if ok),
        tuple(p for p, ok in zip(graph.provenance, kept, strict=True) if ok),
    )


def _used(graph: Graph, present: BoolArray) -> BoolArray:
    """Return which relations have a triple between nodes that are present."""
    inside = present[graph.heads] & present[graph.tails]
    counts = np.bincount(graph.relations[inside], minlength=len(graph.relation_names))
    used: BoolArray = counts > 0
    return used


def _reached(graph: Graph, present: BoolArray, warm: IntArray) -> BoolArray:
    """Return the nodes connected with a training item when absent nodes are taken away."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    keep = present[graph.heads] & present[graph.tails]
    ends = (graph.heads[keep], graph.tails[keep])
    shape = (graph.n_nodes, graph.n_nodes)
    edges = coo_matrix((np.ones(len(ends[0]), dtype=np.int8), ends), shape)
    _, component = connected_components(edges, directed=False)
    reached: BoolArray = np.isin(component, component[warm])
    return reached


def _numbered(present: BoolArray, n_items: int, warm: IntArray) -> IntArray:
    """Return the training node of each node, -1 for an absent one: items first, then entities."""
    node = np.full(len(present), -1, dtype=np.int32)
    node[warm] = np.arange(len(warm), dtype=np.int32)
    entities = n_items + np.flatnonzero(present[n_items:])
    node[entities] = np.arange(len(warm), len(warm) + len(entities), dtype=np.int32)
    return node


def _item_edges(graph: Graph, node: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return (item, relation, node) of every edge from an item to a node of the training graph."""
    out = (graph.heads < graph.n_items) & (node[graph.tails] >= 0)
    back = (graph.tails < graph.n_items) & (node[graph.heads] >= 0)
    inverse = np.int32(len(graph.relation_names))
    return (
        np.concatenate([graph.heads[out], graph.tails[back]]),
        np.concatenate([graph.relations[out], graph.relations[back] + inverse]),
        np.concatenate([node[graph.tails[out]], node[graph.heads[back]]]),
    )
