"""A user as the triples around its history, weighted anew for each item."""

from dataclasses import dataclass
from hashlib import blake2b
from math import log
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ....datasets.arrays import CSR, FloatArray, IntArray
from ....datasets.errors import NotApplicableError
from ....datasets.parameters import Choices, Range, parameter
from ....datasets.side_information import Side
from ....datasets.world import Entities, TrainView
from ...base import Family, Need
from ...shrunken_means import support_shares
from ...training.budget import (
    delay_patience,
    limit_epochs,
    limit_patience,
    limit_steps,
    space_validations,
)
from ...training.network import NetworkMethod
from ..click_scores import ClickScores
from ..graph_links import keep_shared_links, link_both_ways, require_graph, sorted_edges

if TYPE_CHECKING:
    import torch

    from .network import RippleNetModule
    from .scores import RippleNetCandidates

_KEPT = 2**24  # numbers of ripple sets that are kept between validations


@dataclass
class RippleNet(ClickScores, NetworkMethod):
    """Attention over the triples that a history leads to, hop by hop.

    Source: Wang, Zhang, Wang, Zhao, Li, Xie and Guo, RippleNet: Propagating User Preferences on
    the Knowledge Graph for Recommender Systems, CIKM 2018, section 3: ripple sets, preference
    propagation, loss; all settings, and the item's step from hop to hop, W (item + answer), as in
    the authors' public code for MovieLens.
    Differs: edges are followed both ways, the way back being a relation of its own; a ripple set
    is drawn by a hash of the history and without repetition, from ``memory`` edges of a node at
    most, and one with fewer triples keeps them all. In training the chosen item's own edges are
    left out of its user's sets; an item's embedding is hidden with probability ``dropout`` and
    replaced by the mean over its edges of (relation x tail), leaving out entities that it alone
    leads to. A cold item is the same mean over its links, zero where it has none. A user without a
    history has no ripple set and gets the mean score of ``everyone`` training users drawn by the
    seed, which the ripple sets of a new user's k items join with the share
    k / (k + ``prior_weight``). The loss of the graph is over drawn triples instead of the
    batch's ripple sets, the norms over all weights; other items are drawn anew each epoch, and
    the split's validation ends the training.
    """

    dim: int = parameter(16, "length of every vector", minimum=1, search=Choices((8, 16, 32)))
    hops: int = parameter(2, "hops", minimum=1, maximum=4, search=Choices((1, 2, 3)))
    memory: int = parameter(32, "triples in a ripple set", minimum=1, search=Choices((16, 32, 64)))
    kge_weight: float = parameter(
        0.01, "weight of the loss of the graph", minimum=0, search=Range(1e-3, 1.0, log=True)
    )
    l2: float = parameter(
        1e-7, "weight of the squared norms", minimum=0, search=Range(1e-8, 1e-3, log=True)
    )
    dropout: float = parameter(
        0.5,
        "probability that an item's embedding is hidden in training",
        minimum=0,
        maximum=1,
        search=Range(0.1, 0.9),
    )
    prior_weight: float = parameter(
        5.0,
        "history items that count as much as everyone in a new user's scores",
        minimum=0,
        search=Range(0.5, 50, log=True),
    )
    everyone: int = parameter(
        256, "training users whose mean score serves a user without history", minimum=1
    )
    batch_size: int = parameter(
        1024, "training pairs in a batch", minimum=1, search=Choices((256, 1024, 4096))
    )
    learning_rate: float = parameter(
        0.02, "step of Adam", minimum=0, search=Range(1e-3, 5e-2, log=True)
    )
    max_steps: int = limit_steps(800)
    min_steps: int = delay_patience(200)
    patience_steps: int = limit_patience(400)
    validate_every_steps: int = space_validations(80)
    epochs: int | None = limit_epochs("the pairs")

    version: ClassVar[int] = 3
    family: ClassVar[Family] = Family.GRAPH
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.GRAPH})
    requires: ClassVar[tuple[str, ...]] = ("torch", "pytorch_lightning")

    @classmethod
    def small(cls) -> Self:
        """Return settings that train for few steps of few pairs: for conformance."""
        made = super().small()
        made.batch_size = 256
        return made

    def fit(self, train: TrainView) -> Self:
        """Learn embeddings and matrices from chosen against other items."""
        from ...training.seeding import seeded
        from .batches import ClickBatches
        from .ripple_sets import build_ripple_sampler

        graph = require_graph(train, "ripplenet")
        if not len(graph.heads):
            raise NotApplicableError(
                "ripplenet needs a knowledge graph and this split has one without a triple; "
                "choose a dataset with a graph"
            )
        self.ripples_ = build_ripple_sampler(graph, self.hops, self.memory, train.seed)
        self.kept_sets_: dict[bytes, IntArray] = {}
        sets = self.ripples_.sets(train.users.history)
        self.everyone_ = self._draw(sets, train.seed)
        with seeded(train.seed):
            self.net_ = self._build((graph.n_items, graph.n_nodes, 2 * len(graph.relation_names)))
        shared = keep_shared_links(link_both_ways(graph), graph.n_nodes)
        self.net_.set_training(sets, shared, self.kge_weight)
        n_triples = len(self.ripples_.heads)
        batches = ClickBatches(
            train.interactions, n_triples, self.dropout, self.batch_size, train.seed
        )
        # Scores of 0, and triples that are true with probability 1/2.
        chance = log(2) - self.kge_weight / 2
        self.log_ = self.train_with_adam(batches, train, chance, norm_weight=2 * self.l2)
        return self

    def encode_items(self, items: Entities) -> "RippleNetCandidates":
        """Prepare the candidates' own vectors: the embedding, or the mean over the links."""
        import torch

        from .scores import RippleNetCandidates

        net = self.fitted("net_")
        with torch.inference_mode():
            vectors = self._item_vectors(net, items)
            everyone = torch.from_numpy(self.everyone_).to(vectors.device)
            return RippleNetCandidates(net, vectors, everyone)

    def score_block(self, users: Entities, items: "RippleNetCandidates") -> FloatArray:
        """Return float32 (users, candidates), a bounded number of weights at a time."""
        import torch

        self.fitted("net_")
        sets = torch.from_numpy(self._sets(users.history)).to(items.vectors.device)
        shares = support_shares(users.history, self.prior_weight)
        shares[users.known >= 0] = 1
        with torch.inference_mode():
            joined = items.scores(sets, torch.from_numpy(shares).to(sets.device))
            scores: FloatArray = joined.cpu().numpy()
        return scores

    def extra_state(self) -> dict[str, Any]:
        """Return sizes, triples and everyone's sets."""
        return {
            "sizes": self.net_.sizes,
            "ripples": vars(self.ripples_),
            "everyone": self.everyone_,
        }

    def rebuild_network(self, state: dict[str, Any]) -> "RippleNetModule":
        """Set triples and sets and return a network of the same sizes."""
        from .ripple_sets import RippleSampler

        self.ripples_, self.kept_sets_ = RippleSampler(**state["ripples"]), {}
        self.everyone_ = state["everyone"]
        return self._build(state["sizes"])

    def _build(self, sizes: tuple[int, int, int]) -> "RippleNetModule":
        from .network import RippleNetModule

        net = RippleNetModule(sizes, self.dim, self.ripples_.hops)
        net.set_graph(self.ripples_)
        return net

    def _sets(self, history: CSR) -> IntArray:
        """Return the ripple sets of some users; every validation asks for the same ones again."""
        key = blake2b(history.indptr.tobytes() + history.indices.tobytes()).digest()
        sets = self.kept_sets_.get(key)
        if sets is None:
            sets = self.ripples_.sets(history)
            if sum(one.size for one in self.kept_sets_.values()) + sets.size <= _KEPT:
                self.kept_sets_[key] = sets
        return sets

    def _draw(self, sets: np.ndarray, seed: int) -> np.ndarray:
        """Return the ripple sets of the users who stand for everyone."""
        from ...training.seeding import numpy_generator

        reached = np.flatnonzero((sets[:, 0] >= 0).any(axis=1))
        count = min(self.everyone, len(reached))
        chosen = numpy_generator(seed, 0).choice(reached, count, replace=False)
        drawn: np.ndarray = sets[np.sort(chosen)]
        return drawn

    def _item_vectors(self, net: "RippleNetModule", items: Entities) -> "torch.Tensor":
        """Return (candidates, dim)."""
        import torch

        embeddings = net.nodes.weight
        rows, relations, ends = torch.from_numpy(sorted_edges(items)).to(embeddings.device)
        known = torch.from_numpy(items.known.astype(np.int64)).to(embeddings.device)
        own = embeddings[known.clamp(min=0)]
        implied = net.from_edges(rows, relations, ends, len(items))
        return torch.where(known[:, None] >= 0, own, implied)
