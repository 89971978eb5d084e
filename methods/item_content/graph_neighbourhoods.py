"""Items as sets of the graph nodes around them."""

import numpy as np
from scipy.sparse import csr_matrix, vstack

from ...datasets.arrays import CSR, IntArray
from ...datasets.graph import Graph
from ...datasets.world import Entities
from ..sparse_rows import binarise


def neighbourhoods_of(graph: Graph) -> CSR:
    """Return CSR float32, (training items, nodes): 1 at each item itself and at its neighbours."""
    # The product of two rows counts direct links (the item's own column), common targets
    # (coupling) and common sources (co-citation), as edges go into both ends.
    own = np.arange(graph.n_items, dtype=np.int32)
    rows = np.concatenate([own, graph.heads, graph.tails])
    nodes = np.concatenate([own, graph.tails, graph.heads])
    from_item = rows < graph.n_items
    return _incidence(rows[from_item], nodes[from_item], (graph.n_items, graph.n_nodes))


def look_up_neighbourhoods(items: Entities, trained: CSR) -> CSR:
    """Return CSR float32, (items, nodes): a row of ``trained``, or what a cold item links to.

    A cold item is not a node of the training graph: its row holds the nodes that its links reach,
    not itself.
    """
    warm, cold = np.flatnonzero(items.known >= 0), np.flatnonzero(items.known < 0)
    reached = _linked(items.take(cold), trained.shape[1])
    order = np.argsort(np.concatenate([warm, cold]), kind="stable")  # back as they were listed
    return vstack([trained[items.known[warm]], reached], format="csr")[order]


def _linked(items: Entities, n_nodes: int) -> CSR:
    """Return CSR float32, (items, nodes): 1 at the nodes that the links of each item reach."""
    if items.links is None:
        return csr_matrix((len(items), n_nodes), dtype=np.float32)
    return _incidence(items.links.rows, items.links.nodes, (len(items), n_nodes))


def _incidence(rows: IntArray, nodes: IntArray, shape: tuple[int, int]) -> CSR:
    ones = np.ones(len(rows), dtype=np.float32)
    return binarise(csr_matrix((ones, (rows, nodes)), shape))  # several edges count once
