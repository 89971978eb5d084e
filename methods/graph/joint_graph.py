"""The joint graph of items, entities and users, and random walks on it."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import bmat, csr_matrix

from ...datasets.arrays import CSR, DoubleArray
from ...datasets.graph import Graph
from ...datasets.world import Entities
from ..sparse_rows import scale_rows
from .graph_links import links_of


@dataclass(frozen=True)
class JointGraph:
    """Transition probabilities over nodes in the order items, entities, users.

    Attributes
    ----------
    transitions
        CSR float32, (nodes, nodes): each row sums to 1, or to 0 for a node without edges.
    knowledge_degrees
        float64, (nodes,): triples at each node; 0 for users.
    interaction_degrees
        float64, (nodes,): interactions of each item and user; 0 for entities.
    knowledge
        Share of the walk that leaves a node through its triples, where it has both kinds.
    """

    transitions: CSR
    knowledge_degrees: DoubleArray
    interaction_degrees: DoubleArray
    knowledge: float

    def arrivals(self, items: Entities) -> CSR:
        """Return CSR float32, (candidates, nodes): probability of each node to step to a candidate.

        A candidate is imagined as one node appended to the training graph, with its links and its
        support users as edges: the degree of a neighbour grows by these edges.
        """
        nodes = self.transitions.shape[0]
        links, shape = links_of(items), (len(items), nodes)
        rows, at = links.rows, links.nodes
        # k links of a candidate to a node with n triples make it n + k, ``grown``, and lead back to
        # the candidate with probability k / (n + k), given that the walk takes a triple there; it
        # does so for certain at a node without interactions.
        triples = csr_matrix((np.ones(len(at)), (rows, at)), shape)
        triples.sum_duplicates()
        grown = self.knowledge_degrees[triples.indices] + triples.data
        both = self.interaction_degrees[triples.indices] > 0
        triples.data *= np.where(both, self.knowledge, 1.0) / grown

        first_user = nodes - items.history.shape[1]
        support = csr_matrix(
            (np.ones(items.history.nnz), items.history.indices + first_user, items.history.indptr),
            shape,
        )
        support.data /= self.interaction_degrees[support.indices] + 1
        return (triples + support).astype(np.float32)


def build_joint_graph(interactions: CSR, graph: Graph, knowledge: float) -> JointGraph:
    """Join the interactions, CSR (users, items), with the triples, all edges both ways."""
    # Nodes in the order items, entities, users: the graph numbers the first two, users come after.
    entities = graph.n_nodes - graph.n_items
    ones = np.ones(len(graph.heads))
    directed = csr_matrix((ones, (graph.heads, graph.tails)), (graph.n_nodes, graph.n_nodes))
    triples = bmat([[directed + directed.T, None], [None, _empty(interactions.shape[0])]], "csr")
    visits = bmat(
        [
            [_empty(graph.n_items), None, interactions.T],
            [None, _empty(entities), None],
            [interactions, None, _empty(interactions.shape[0])],
        ],
        "csr",
    )
    by_triple, by_visit = (np.asarray(m.sum(axis=1)).ravel() for m in (triples, visits))
    # Each kind of edge is normalised on its own and then weighted, lest the many interactions of a
    # popular item leave its few triples next to no probability.
    share = np.where(by_visit > 0, np.where(by_triple > 0, knowledge, 0.0), 1.0)
    transitions = scale_rows(triples, by_triple).multiply(share[:, None])
    transitions = transitions + scale_rows(visits, by_visit).multiply(1 - share[:, None])
    return JointGraph(transitions.tocsr().astype(np.float32), by_triple, by_visit, knowledge)


def walk(transitions: CSR, start: CSR, damping: float, steps: int) -> np.ndarray:
    """Return the walk from each row of ``start`` after a fixed number of power iterations.

    Parameters
    ----------
    transitions
        CSR, (nodes, nodes); each step multiplies it with a column vector.
    start
        CSR, (rows, nodes): restart vectors ``s`` of ``x <- damping M x + (1 - damping) s``.

    Returns
    -------
    numpy.ndarray
        float32, (nodes, rows). Columns do not influence each other.
    """
    # x_t = d M x_(t-1) + (1 - d) s from x_0 = s: after n steps the sum over t < n of
    # (1 - d) d^t M^t s, and d^n M^n s. The error against the limit is at most 2 d^n, 0.08 for
    # 20 steps at d = 0.85; every walk takes the same steps, so scores are comparable.
    restart = np.ascontiguousarray(start.T.toarray())
    at = restart
    restart = (1 - damping) * restart
    for _ in range(steps):
        at = transitions @ at
        at *= damping
        at += restart
    return at


def _empty(size: int) -> CSR:
    return csr_matrix((size, size))
