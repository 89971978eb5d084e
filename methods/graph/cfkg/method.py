"""Users, items and entities in one translation space, with "likes" as one more relation."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ....datasets.arrays import FloatArray
from ....datasets.parameters import Choices, Range, parameter
from ....datasets.side_information import Side
from ....datasets.world import Entities, TrainView
from ...base import FactorMethod, Family, Need
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
from ..graph_links import keep_shared_links, link_both_ways, require_graph, sorted_edges

if TYPE_CHECKING:
    from .network import CFKGModule


class RankingLoss(str, Enum):
    """How a true triple is ranked before a corrupted one."""

    MARGIN = "margin"
    LOGISTIC = "logistic"


@dataclass
class CFKG(NetworkMethod, FactorMethod):
    """Translation over one graph of users, items and entities; a user plus "likes" is near an item.

    Source: Zhang, Ai, Chen and Wang, Learning over Knowledge-Base Embeddings for Recommendation,
    2018 (arXiv 1803.06540), the margin loss over the joint graph, as in TransE: Bordes, Usunier,
    Garcia-Duran, Weston and Yakhnenko, Translating Embeddings for Modeling Multi-relational Data,
    NIPS 2013, algorithm 1, with margin 1.
    Differs: dimension, learning rate and batch are ours; the distance is squared, and the score
    minus the squared distance; Adam; embeddings are scaled to length 1 at first only, later their
    norms are weighted; a logistic loss is offered besides. A corrupted likes triple has another
    training item that the user has not chosen, a corrupted triple of the graph any node, and is
    entered from both ends; each likes pair is learned with one triple of the graph. In training
    the embeddings of users and of items are hidden with probability ``dropout``. A hidden user is
    the mean user embedding, joined by the mean of (item - likes) over k of its other items,
    ``support`` at most, with the share k / (k + ``prior_weight``), a hidden item the mean
    over its edges of (tail - relation), or (head + relation) where it is the tail, leaving out
    entities that it alone leads to. Cold ones are embedded in the same way: a k-shot user by its
    support, a cold item by its links; an item without links is the mean item embedding.
    """

    dim: int = parameter(
        64, "length of every vector", minimum=1, search=Choices((16, 32, 64, 100, 200))
    )
    ranking: RankingLoss = parameter(
        RankingLoss.MARGIN,
        "loss of a true against a corrupted triple",
        search=Choices(tuple(RankingLoss)),
    )
    margin: float = parameter(
        1.0,
        "by how much a true triple is to be nearer",
        minimum=0,
        search=Range(0.2, 5.0, log=True),
    )
    dropout: float = parameter(
        0.25,
        "probability that an embedding is hidden in training",
        minimum=0,
        maximum=1,
        search=Range(0.1, 0.9),
    )
    support: int = parameter(10, "longest history of a user whose embedding is hidden", minimum=1)
    prior_weight: float = parameter(
        5.0,
        "history items that count as much as the mean user in a hidden or new user's embedding",
        minimum=0,
        search=Range(0.5, 50, log=True),
    )
    l2: float = parameter(
        1e-5, "weight of the squared norms", minimum=0, search=Range(1e-7, 1e-3, log=True)
    )
    batch_size: int = parameter(
        512, "likes pairs in a batch", minimum=1, search=Choices((128, 512, 2048))
    )
    learning_rate: float = parameter(
        0.005, "step of Adam", minimum=0, search=Range(5e-4, 5e-2, log=True)
    )
    max_steps: int = limit_steps(3000)
    min_steps: int = delay_patience(500)
    patience_steps: int = limit_patience(1000)
    validate_every_steps: int = space_validations(50)
    epochs: int | None = limit_epochs("the pairs")

    version: ClassVar[int] = 3
    family: ClassVar[Family] = Family.GRAPH
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.GRAPH})
    requires: ClassVar[tuple[str, ...]] = ("torch", "pytorch_lightning")

    def fit(self, train: TrainView) -> Self:
        """Learn embeddings and translations from true against corrupted triples."""
        from ...training.seeding import seeded
        from ..interaction_batches import InteractionBatches
        from .batches import TripleBatches

        graph = require_graph(train, "cfkg")
        links = link_both_ways(graph)
        sizes = (len(train.users), graph.n_items, graph.n_nodes, len(graph.relation_names))
        with seeded(train.seed):
            self.net_ = self._build(sizes)
        logistic = self.ranking is RankingLoss.LOGISTIC
        shared = keep_shared_links(links, graph.n_nodes)
        self.net_.set_training(shared, self.margin, logistic)
        pairs = InteractionBatches(
            train.interactions, self.dropout, self.support, self.batch_size, train.seed
        )
        batches = TripleBatches(pairs, links, graph.n_nodes)
        chance = self._chance_loss(len(links.rows) > 0)
        self.log_ = self.train_with_adam(batches, train, chance, norm_weight=self.l2)
        return self

    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, dim + 2): twice u + likes, minus its squared length, and 1."""
        # -|a - v|^2 = 2 a.v - |a|^2 - |v|^2 with a = u + likes, as one dot product:
        # [2 a, -|a|^2, 1] . [v, 1, -|v|^2].
        aims = self.user_vectors(users) + _numpy(self.net_.likes)
        lengths = (aims * aims).sum(axis=1, keepdims=True)
        return np.concatenate((2 * aims, -lengths, np.ones_like(lengths)), axis=1)

    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, dim + 2): the vector, 1, and minus its squared length."""
        vectors = self.item_vectors(items)
        lengths = (vectors * vectors).sum(axis=1, keepdims=True)
        return np.concatenate((vectors, np.ones_like(lengths), -lengths), axis=1)

    def user_vectors(self, users: Entities) -> FloatArray:
        """Return float32 (users, dim): own embedding, or the mean user joined by the history."""
        net: CFKGModule = self.fitted("net_")
        rows = _numpy(net.nodes.weight)[: users.history.shape[1]]
        implied, prior = mean_rows(users.history, rows) - _numpy(net.likes), _numpy(net.mean_user())
        vectors = prior + support_shares(users.history, self.prior_weight) * (implied - prior)
        warm = users.known >= 0
        vectors[warm] = _numpy(net.users.weight)[users.known[warm]]
        return vectors

    def item_vectors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, dim): own embedding, or from the links."""
        import torch

        net: CFKGModule = self.fitted("net_")
        rows, relations, ends = torch.from_numpy(sorted_edges(items)).to(net.likes.device)
        with torch.inference_mode():
            vectors = _numpy(net.from_edges(rows, relations, ends, len(items)))
        warm = items.known >= 0
        vectors[warm] = _numpy(net.nodes.weight)[items.known[warm]]
        return vectors

    def extra_state(self) -> dict[str, Any]:
        """Return the sizes."""
        return {"sizes": self.net_.sizes}

    def rebuild_network(self, state: dict[str, Any]) -> "CFKGModule":
        """Return a network of the same sizes."""
        return self._build(state["sizes"])

    def _chance_loss(self, with_graph: bool) -> float:
        """Return the loss where corrupted triples are as near as true ones."""
        logistic = self.ranking is RankingLoss.LOGISTIC
        each = float(np.logaddexp(0, self.margin)) if logistic else self.margin
        return each * (2 if with_graph else 1)

    def _build(self, sizes: tuple[int, int, int, int]) -> "CFKGModule":
        from .network import CFKGModule

        return CFKGModule(sizes, self.dim, self.prior_weight)


def _numpy(tensor: Any) -> FloatArray:
    array: FloatArray = tensor.detach().cpu().numpy()
    return array
