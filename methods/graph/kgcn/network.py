"""The network of KGCN: embeddings, layers of aggregation over neighbours, and the loss."""

import numpy as np
import torch
from torch import Tensor, nn

from ..interaction_batches import InteractionBatch, mean_of_histories
from ..receptive_fields import ReceptiveFields


class AggregationLayer(nn.Module):
    """One aggregation: activation(A own + B neighbourhood + bias)."""

    def __init__(self, dim: int, aggregator: str, last: bool) -> None:
        super().__init__()
        self.aggregator, self.last = aggregator, last
        width = 2 * dim if aggregator == "concat" else dim
        self.linear = nn.Linear(width, dim)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def of_own(self, own: Tensor) -> Tensor:
        """Return what a node's own vector contributes, with the bias."""
        # Equations 4 to 6 with one weight matrix for the three aggregators, whose linear part is
        # split into own and neighbourhood: W (v + v_N) + b, W [v, v_N] + b, W v_N + b.
        if self.aggregator == "neighbor":
            return self.linear.bias.expand_as(own)
        weight = self.linear.weight[:, : own.shape[-1]]
        return nn.functional.linear(own, weight, self.linear.bias)

    def of_neighbours(self, vectors: Tensor) -> Tensor:
        """Return what (a weighted sum of) neighbours' vectors contributes; linear, no bias."""
        # W sum_e a_e v_e = sum_e a_e W v_e: scoring transforms each neighbour once for all users
        # and weights it afterwards.
        return nn.functional.linear(vectors, self.linear.weight[:, -vectors.shape[-1] :])

    def forward(self, own: Tensor, mean: Tensor) -> Tensor:
        """Return the layer's vectors from own vectors and weighted means of neighbours."""
        return self.activate(self.of_own(own) + self.of_neighbours(mean))

    def activate(self, total: Tensor) -> Tensor:
        """Return tanh in the last layer, ReLU before it."""
        return torch.tanh(total) if self.last else torch.relu(total)


class KGCNModule(nn.Module):
    """Item vectors that depend on the user's interest in relations; score by dot product."""

    def __init__(
        self,
        sizes: tuple[int, int, int],
        dim: int,
        depth: int,
        aggregator: str,
        prior_weight: float,
    ) -> None:
        super().__init__()
        self.sizes, self.prior_weight = sizes, prior_weight
        n_users, n_nodes, n_relations = sizes
        self.users = _embedding(n_users, dim)
        self.nodes = _embedding(n_nodes, dim)
        self.relations = _embedding(n_relations, dim)
        # Part of every user's vector, all of it for one of whom nothing is known.
        self.shared_user = nn.Parameter(torch.zeros(dim))
        self.layers = nn.ModuleList(
            AggregationLayer(dim, aggregator, last=at == depth - 1) for at in range(depth)
        )

    def set_fields(self, full: ReceptiveFields, cold: ReceptiveFields, l2: float) -> None:
        """Take the receptive fields of the nodes for training, and the weight of the norms.

        Parameters
        ----------
        full, cold
            Of every node as it is, and as if it were new.
        l2
            Weight of half the squared norm of all weights.
        """
        self.l2 = l2
        # Node 2v is v as it is, 2v + 1 is v as if it were new.
        for name, field in (
            ("near", "nodes"),
            ("relation_of", "relations"),
            ("present", "present"),
        ):
            both = _interleaved(getattr(full, field), getattr(cold, field))
            self.register_buffer(name, both, persistent=False)

    def loss(self, batch: InteractionBatch) -> Tensor:
        """Return the mean cross-entropy of chosen and other items, and the weighted norms."""
        # The cross-entropy with one sampled item per chosen one: -log s(y+) - log(1 - s(y-)), s the
        # sigmoid, is softplus(-y+) + softplus(y-).
        users = self.batch_users(batch)
        both = users.repeat_interleave(2, dim=0)
        kept = batch.with_item_embedding.flatten()
        own = self.nodes(batch.items.flatten()) * kept[:, None]
        scores = self.pair_scores(both, own, 2 * batch.items.flatten() + ~kept).view(-1, 2)
        fit = nn.functional.softplus(torch.stack((-scores[:, 0], scores[:, 1]))).mean()
        norms = sum(p.square().sum() for p in self.parameters() if p.dim() > 1)
        return fit + self.l2 * norms / 2

    def batch_users(self, batch: InteractionBatch) -> Tensor:
        """Return (rows, dim): own embedding, mean of the other chosen items, and the shared one."""
        means, sizes = mean_of_histories(batch, self.nodes)
        shares = sizes / (sizes + self.prior_weight).clamp(min=1e-9)
        means = means * torch.where(batch.with_embedding, 1.0, shares)[:, None]
        vectors: Tensor = (
            self.users(batch.users) * batch.with_embedding[:, None] + means + self.shared_user
        )
        return vectors

    def pair_scores(self, users: Tensor, own: Tensor, fields: Tensor) -> Tensor:
        """Return (pairs,) scores of users (pairs, dim) and items, given as in ``set_fields``."""
        # Algorithm 1, get-receptive-field: hop h holds the K^h nodes that h steps lead to.
        hops, relations, present = [own[:, None]], [], []
        at = fields[:, None]
        for _ in self.layers:
            near: Tensor = self.near[at]  # type: ignore[index]
            relations.append(self.relation_of[at].flatten(1, 2))  # type: ignore[index]
            present.append(self.present[at])  # type: ignore[index]
            hops.append(self.nodes(near).flatten(1, 2))
            at = 2 * near.flatten(1, 2)  # a neighbour is seen as it is, never as if it were new
        # From the outside in: layer l needs the vectors of layer l - 1 one hop further out, so each
        # layer has one hop less to compute, and the last leaves hop 0, the item.
        for done, layer in enumerate(self.layers):
            for hop in range(len(self.layers) - done):
                weight = self._attention(users, relations[hop], present[hop])
                neighbours = hops[hop + 1].view(*weight.shape, -1)
                mean = torch.einsum("bnk,bnkd->bnd", weight, neighbours)  # equation 2
                hops[hop] = layer(hops[hop], mean)
        scores: Tensor = (users * hops[0][:, 0]).sum(dim=1)
        return scores

    def _attention(self, users: Tensor, relations: Tensor, present: Tensor) -> Tensor:
        """Return (pairs, nodes, K): each user's softmax over the relations of a neighbourhood."""
        # Equations 1 and 3: softmax of u.r over the edges of a node. The inner products with all
        # relations are one small matrix product; the edges only pick from it.
        interest = (users @ self.relations.weight.T).gather(1, relations).view_as(present)
        # -1e9 instead of -inf: the softmax of a node without edges is then uniform, not NaN, and
        # becomes zero by the last factor.
        weights: Tensor = interest.masked_fill(~present, -1e9).softmax(dim=-1) * present
        return weights


def _embedding(count: int, dim: int) -> nn.Embedding:
    embedding = nn.Embedding(count, dim)
    nn.init.normal_(embedding.weight, std=0.1)
    return embedding


def _interleaved(first: np.ndarray, second: np.ndarray) -> Tensor:
    """Return rows of ``first`` and ``second`` in turn."""
    return torch.from_numpy(np.stack((first, second), axis=1)).flatten(0, 1)
