"""KGCN: an item is what it leads to in the knowledge graph, as each user sees it."""

from dataclasses import dataclass
from enum import Enum
from math import log
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ....datasets.arrays import FloatArray
from ....datasets.parameters import Choices, Range, parameter
from ....datasets.side_information import Side
from ....datasets.world import Entities, TrainView
from ...base import Family, Need
from ...known_entities import look_up_known
from ...shrunken_means import support_shares
from ...sparse_rows import mean_rows
from ...training.budget import (
    delay_patience,
    limit_epochs,
    limit_patience,
    limit_steps,
    space_validations,
)
from ...training.network import NetworkMethod
from ..click_scores import ClickScores
from ..graph_links import keep_shared_links, link_both_ways, links_of, require_graph

if TYPE_CHECKING:
    import torch

    from .network import KGCNModule
    from .scores import KGCNCandidates


class Aggregator(str, Enum):
    """How a node's own vector and its neighbourhood are joined."""

    SUM = "sum"
    CONCAT = "concat"
    NEIGHBOR = "neighbor"


@dataclass
class KGCN(ClickScores, NetworkMethod):
    """Convolution over sampled neighbours, weighted by the user's interest in each relation.

    Source: Wang, Zhao, Xie, Li and Guo, Knowledge Graph Convolutional Networks for Recommender
    Systems, WWW 2019, equations 1 to 9 and algorithm 1; dimension, norm weight and one sampled
    negative per positive as in section 4.3.
    Differs: a user is the sum of the paper's id embedding, the mean embedding of the history's
    items (the chosen one taken out) and a vector shared by all; in training the id embeddings of
    users and of items are hidden with probability ``dropout``, a hidden user then shows ``support``
    pairs at most, the mean of k of them times k / (k + ``prior_weight``), so that a short history
    says little next to the vector that all share, and a hidden item only entities that other items
    lead to as well. So a cold user, known by its support or by nothing, and a cold item, known by
    its edges alone, are scored as they were trained. A receptive field is drawn by a hash of the
    node's edges and without repetition; a node with fewer edges keeps them all, and a cold item
    leaves out entities that no training item's field has led to. Edges are followed both ways, the
    way back being a relation of its own.
    """

    dim: int = parameter(32, "length of every vector", minimum=1, search=Choices((8, 16, 32, 64)))
    neighbours: int = parameter(
        8, "edges in a receptive field", minimum=1, search=Choices((2, 4, 8, 16))
    )
    depth: int = parameter(1, "layers", minimum=1, maximum=4, search=Choices((1, 2)))
    aggregator: Aggregator = parameter(
        Aggregator.SUM, "joins own vector and neighbourhood", search=Choices(tuple(Aggregator))
    )
    dropout: float = parameter(
        0.5,
        "probability that an id embedding is hidden in training",
        minimum=0,
        maximum=1,
        search=Range(0.1, 0.9),
    )
    support: int = parameter(10, "longest history of a user whose embedding is hidden", minimum=1)
    prior_weight: float = parameter(
        5.0,
        "history items that count as much as the shared vector in a hidden or new user's vector",
        minimum=0,
        search=Range(0.5, 50, log=True),
    )
    l2: float = parameter(
        1e-7, "weight of the squared norms", minimum=0, search=Range(1e-8, 1e-3, log=True)
    )
    batch_size: int = parameter(
        512, "training pairs in a batch", minimum=1, search=Choices((128, 512, 2048))
    )
    learning_rate: float = parameter(
        0.002, "step of Adam", minimum=0, search=Range(5e-4, 5e-2, log=True)
    )
    max_steps: int = limit_steps(2000)
    min_steps: int = delay_patience(300)
    patience_steps: int = limit_patience(700)
    validate_every_steps: int = space_validations(50)
    epochs: int | None = limit_epochs("the pairs")

    version: ClassVar[int] = 3
    family: ClassVar[Family] = Family.GRAPH
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.GRAPH})
    requires: ClassVar[tuple[str, ...]] = ("torch", "pytorch_lightning")

    def fit(self, train: TrainView) -> Self:
        """Learn embeddings and layers from chosen against other items."""
        from ...training.seeding import seeded
        from ..interaction_batches import InteractionBatches
        from ..receptive_fields import (
            choose_receptive_fields,
            find_trained_nodes,
        )

        graph = require_graph(train, "kgcn")
        links = link_both_ways(graph)
        self.seed_ = train.seed
        self.fields_ = choose_receptive_fields(links, graph.n_nodes, self.neighbours, train.seed)
        self.trained_ = find_trained_nodes(self.fields_, graph.n_items, self.depth)
        shared = keep_shared_links(links, graph.n_nodes)
        cold = choose_receptive_fields(shared, graph.n_nodes, self.neighbours, train.seed)
        sizes = (len(train.users), graph.n_nodes, 2 * len(graph.relation_names))
        with seeded(train.seed):
            self.net_ = self._build(sizes)
        self.net_.set_fields(self.fields_, cold, self.l2)
        batches = InteractionBatches(
            train.interactions, self.dropout, self.support, self.batch_size, train.seed
        )
        self.log_ = self.train_with_adam(batches, train, log(2))  # of a score of 0
        return self

    def encode_items(self, items: Entities) -> "KGCNCandidates":
        """Prepare the candidates: own embeddings, receptive fields, the first layer's sums."""
        import torch

        from ..receptive_fields import choose_receptive_fields
        from .scores import KGCNCandidates

        net = self.fitted("net_")
        links = links_of(items)
        field = choose_receptive_fields(
            links, len(items), self.neighbours, self.seed_, self.trained_
        )
        with torch.inference_mode():
            return KGCNCandidates(net, items.known, field, self.fields_)

    def score_block(self, users: Entities, items: "KGCNCandidates") -> FloatArray:
        """Return float32 (users, candidates), a bounded number of vectors at a time."""
        import torch

        net = self.fitted("net_")
        with torch.inference_mode():
            scores: FloatArray = items.scores(self._user_vectors(net, users)).cpu().numpy()
        return scores

    def extra_state(self) -> dict[str, Any]:
        """Return sizes and receptive fields."""
        return {
            "sizes": self.net_.sizes,
            "fields": vars(self.fields_),
            "trained": self.trained_,
            "seed": self.seed_,
        }

    def rebuild_network(self, state: dict[str, Any]) -> "KGCNModule":
        """Set the receptive fields and return a network of the same sizes."""
        from ..receptive_fields import ReceptiveFields

        self.fields_ = ReceptiveFields(**state["fields"])
        self.trained_, self.seed_ = state["trained"], state["seed"]
        return self._build(state["sizes"])

    def _build(self, sizes: tuple[int, int, int]) -> "KGCNModule":
        from .network import KGCNModule

        return KGCNModule(sizes, self.dim, self.depth, self.aggregator.value, self.prior_weight)

    def _user_vectors(self, net: "KGCNModule", users: Entities) -> "torch.Tensor":
        """Return (users, dim): id embedding (zero when cold), history's mean, shared vector."""
        import torch

        items = net.nodes.weight[: users.history.shape[1]].cpu().numpy()  # nodes begin with items
        vectors = mean_rows(users.history, items)
        cold = users.known < 0
        vectors[cold] *= support_shares(users.history[cold], self.prior_weight)
        vectors += look_up_known(users, net.users.weight.cpu().numpy())
        return torch.from_numpy(vectors).to(net.shared_user.device) + net.shared_user
