"""Candidates that share neighbours in the knowledge graph with what the user liked."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix, vstack

from ...datasets.arrays import CSR, FloatArray, IntArray
from ...datasets.errors import NotApplicableError
from ...datasets.graph import Graph
from ...datasets.parameters import Choices, Range, parameter
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..base import Family, Method, Need
from ..neighbours import Similarities, compute_cosines
from ..sparse_rows import binarise, compute_idf, normalise_rows
from .graph_links import links_of


class NodeWeighting(str, Enum):
    """How the nodes of the graph are weighted before neighbourhoods are compared."""

    NONE = "none"
    TFIDF = "tfidf"


@dataclass
class GraphKNN(Method):
    """Sum of the largest cosines between a candidate's graph neighbourhood and the history's.

    An item's vector holds the item itself and every node one edge away, whichever direction. On a
    citation graph two papers are therefore alike when one cites the other, when they cite the
    same papers and when the same papers cite them; on attributes it is content kNN over entities.

    Source: Kessler, Bibliographic Coupling between Scientific Papers, 1963; Small, Co-citation in
    the Scientific Literature, 1973; nearest neighbours after Lops, de Gemmis and Semeraro,
    Content-based Recommender Systems: State of the Art and Trends, 2011, section 3.3.1.
    Differs: direct links, coupling and co-citation count in one cosine. Relation types, and how
    often two nodes are linked, are ignored. Nodes are weighted like words, by the training items
    that have them (``tfidf``). A cold item is not a node of the training graph: its vector holds
    the nodes that its links reach, not itself. A user without history ties all candidates.
    """

    neighbours: int = parameter(
        5, "largest similarities that are summed", minimum=1, search=Range(1, 100, log=True)
    )
    weighting: NodeWeighting = parameter(
        NodeWeighting.TFIDF, "weights of the nodes", search=Choices(tuple(NodeWeighting))
    )

    family: ClassVar[Family] = Family.GRAPH
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.GRAPH})
    requires: ClassVar[tuple[str, ...]] = ("numba",)

    def fit(self, train: TrainView) -> Self:
        """Weight the nodes by the training items and keep the items' vectors."""
        if train.graph is None:
            raise NotApplicableError("GraphKNN needs a graph; the split has none")
        # The product of two items' vectors counts direct links (the item's own column), common
        # targets (coupling) and common sources (co-citation), as edges go into both ends.
        nodes = _neighbourhoods(train.graph)
        weigh = self.weighting is NodeWeighting.TFIDF
        self.weights_ = compute_idf(nodes) if weigh else np.ones(nodes.shape[1])
        self.vectors_ = self._weighted(nodes)
        return self

    def encode_items(self, items: Entities) -> Similarities:
        """Return the cosines of the candidates to the training items."""
        trained = self.fitted("vectors_")
        warm, cold = np.flatnonzero(items.known >= 0), np.flatnonzero(items.known < 0)
        reached = self._weighted(_linked(items.take(cold), trained.shape[1]))
        order = np.argsort(np.concatenate([warm, cold]), kind="stable")  # back as they were listed
        vectors = vstack([trained[items.known[warm]], reached], format="csr")[order]
        return compute_cosines(vectors, trained)

    def score_block(self, users: Entities, items: Similarities) -> FloatArray:
        """Return float32 (users, candidates); 0 for a user without history."""
        return items.sums(users.history, self.neighbours)

    def _weighted(self, nodes: CSR) -> CSR:
        """Return CSR float32 of the same shape: weighted rows of length 1 (or 0)."""
        # A node that every item has tells none apart: it weighs least, as a common word does.
        weights = self.weights_[nodes.indices]
        return normalise_rows(csr_matrix((weights, nodes.indices, nodes.indptr), nodes.shape))


def _neighbourhoods(graph: Graph) -> CSR:
    """Return CSR float32, (training items, nodes): 1 at each item itself and at its neighbours."""
    own = np.arange(graph.n_items, dtype=np.int32)
    rows = np.concatenate([own, graph.heads, graph.tails])
    nodes = np.concatenate([own, graph.tails, graph.heads])
    from_item = rows < graph.n_items
    return _incidence(rows[from_item], nodes[from_item], (graph.n_items, graph.n_nodes))


def _linked(items: Entities, n_nodes: int) -> CSR:
    """Return CSR float32, (items, nodes): 1 at the nodes that the links of each item reach."""
    links = links_of(items)
    return _incidence(links.rows, links.nodes, (len(items), n_nodes))


def _incidence(rows: IntArray, nodes: IntArray, shape: tuple[int, int]) -> CSR:
    ones = np.ones(len(rows), dtype=np.float32)
    return binarise(csr_matrix((ones, (rows, nodes)), shape))  # several edges count once
