"""Candidates that share neighbours in the knowledge graph with what the user liked."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from ...datasets.arrays import CSR
from ...datasets.parameters import Choices, parameter
from ...datasets.world import Entities, TrainView
from ..base import Family, Need
from ..item_content.graph_neighbourhoods import look_up_neighbourhoods, neighbourhoods_of
from ..item_content.neighbour_method import NeighbourMethod
from ..neighbours import Similarities, compute_cosines
from ..sparse_rows import compute_idf, normalise_rows
from .graph_links import require_graph


class NodeWeighting(str, Enum):
    """How the nodes of the graph are weighted before neighbourhoods are compared."""

    NONE = "none"
    TFIDF = "tfidf"


@dataclass
class GraphKNN(NeighbourMethod):
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
    the nodes that its links reach, not itself. ``neighbourhood=item`` and the prior of a user
    without history are those of content kNN.
    """

    weighting: NodeWeighting = parameter(
        NodeWeighting.TFIDF, "weights of the nodes", search=Choices(tuple(NodeWeighting))
    )

    version: ClassVar[int] = 2
    family: ClassVar[Family] = Family.GRAPH
    reference: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.GRAPH})

    def fit(self, train: TrainView) -> Self:
        """Weight the nodes by the training items and keep the items' vectors."""
        nodes = neighbourhoods_of(require_graph(train, "GraphKNN"))
        weigh = self.weighting is NodeWeighting.TFIDF
        self.weights_ = compute_idf(nodes) if weigh else np.ones(nodes.shape[1])
        self.nodes_ = nodes
        self.vectors_ = self._weighted(nodes)
        self.fit_prior(train)
        return self

    def compare_items(self, items: Entities) -> Similarities:
        """Return the cosines of the candidates to the training items."""
        nodes = look_up_neighbourhoods(items, self.fitted("nodes_"))
        return compute_cosines(self._weighted(nodes), self.vectors_)

    def _weighted(self, nodes: CSR) -> CSR:
        """Return CSR float32 of the same shape: weighted rows of length 1 (or 0)."""
        # A node that every item has tells none apart: it weighs least, as a common word does.
        weights = self.weights_[nodes.indices]
        return normalise_rows(csr_matrix((weights, nodes.indices, nodes.indptr), nodes.shape))
