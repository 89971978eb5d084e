"""The links of a knowledge graph as the graph methods follow them."""

import numpy as np

from ...datasets.arrays import LongArray
from ...datasets.errors import NotApplicableError
from ...datasets.graph import Graph, Links
from ...datasets.world import Entities, TrainView


def require_graph(train: TrainView, method: str) -> Graph:
    """Return the knowledge graph of a training data.

    Raises
    ------
    NotApplicableError
        When there is none.
    """
    if train.graph is None:
        raise NotApplicableError(
            f"{method} needs a knowledge graph and this split has none; "
            "choose a dataset with a graph"
        )
    return train.graph


def links_of(items: Entities) -> Links:
    """Return the links of some items into the training graph; none where there is no graph."""
    none = np.zeros(0, dtype=np.int32)
    return Links(none, none, none) if items.links is None else items.links


def sorted_edges(items: Entities) -> LongArray:
    """Return int64, (3, edges): row, relation and node of each link, in one order.

    Sums over the edges of an item are then the same to the last bit whatever the order in which
    a query lists them.
    """
    links = links_of(items)
    edges: LongArray = np.stack((links.rows, links.relations, links.nodes)).astype(np.int64)
    return edges[:, np.lexsort(edges[::-1])]


def link_both_ways(graph: Graph) -> Links:
    """Return every edge from both of its ends; seen from the tail it has the inverse relation."""
    inverse = (graph.relations + len(graph.relation_names)).astype(np.int32)
    return Links(
        np.concatenate((graph.heads, graph.tails)),
        np.concatenate((graph.relations, inverse)),
        np.concatenate((graph.tails, graph.heads)),
    )


def keep_shared_links(links: Links, n_nodes: int) -> Links:
    """Return the edges that would be left to a node if it were new.

    An entity that only one node leads to would not be in the training graph without that node.
    """
    # Distinct (node, entity) pairs: two relations to one entity are one node that leads to it.
    pairs = np.unique(links.rows.astype(np.int64) * n_nodes + links.nodes)
    leading = np.bincount(pairs % n_nodes, minlength=n_nodes)
    keep = leading[links.nodes] > 1
    return Links(links.rows[keep], links.relations[keep], links.nodes[keep])
