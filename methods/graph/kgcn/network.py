"""The network of KGCN: rows of users, nodes and relations, layers of aggregation, and the loss."""

import numpy as np
import torch
from torch import Tensor, nn

from ..interaction_batches import InteractionBatch
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
        if self.aggregator == "neighbor":
            return self.linear.bias.expand_as(own)
        weight = self.linear.weight[:, : own.shape[-1]]
        return nn.functional.linear(own, weight, self.linear.bias)

    def of_neighbours(self, vectors: Tensor) -> Tensor:
        """Return what (a weighted sum of) neighbours' vectors contributes; linear, no bias."""
        return nn.functional.linear(vectors, self.linear.weight[:, -vectors.shape[-1] :])

    def forward(self, own: Tensor, mean: Tensor) -> Tensor:
        """Return the layer's vectors from own vectors and weighted means of neighbours."""
        return self.activate(self.of_own(own) + self.of_neighbours(mean))

    def activate(self, total: Tensor) -> Tensor:
        """Return tanh in the last layer, ReLU before it."""
        return torch.tanh(total) if self.last else torch.relu(total)


class KGCNModule(nn.Module):
    """Item vectors that depend on the user's interest in relations; score by dot product."""

    def __init__(self, sizes: tuple[int, int, int], dim: int, depth: int, aggregator: str) -> None:
        super().__init__()
        self.sizes = sizes
        n_users, n_nodes, n_relations = sizes
        self.users = _rows(n_users, dim)
        self.nodes = _rows(n_nodes, dim)
        self.relations = _rows(n_relations, dim)
        self.everyone = nn.Parameter(torch.zeros(dim))
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
        for name, field in (("near", "nodes"), ("by", "relations"), ("present", "present")):
            both = _interleaved(getattr(full, field), getattr(cold, field))
            self.register_buffer(name, both, persistent=False)

    def loss(self, batch: InteractionBatch) -> Tensor:
        """Return the mean cross-entropy of chosen and other items, and the weighted norms."""
        users = self.batch_users(batch)
        both = users.repeat_interleave(2, dim=0)
        kept = batch.with_item_embedding.flatten()
        own = self.nodes(batch.items.flatten()) * kept[:, None]
        scores = self.pair_scores(both, own, 2 * batch.items.flatten() + ~kept).view(-1, 2)
        fit = nn.functional.softplus(torch.stack((-scores[:, 0], scores[:, 1]))).mean()
        norms = sum(p.square().sum() for p in self.parameters() if p.dim() > 1)
        return fit + self.l2 * norms / 2

    def batch_users(self, batch: InteractionBatch) -> Tensor:
        """Return (rows, dim): own row, mean row of the other chosen items, and everyone's."""
        sums = nn.functional.embedding_bag(
            batch.entries, self.nodes.weight, batch.offsets, mode="sum", include_last_offset=True
        )
        sizes = batch.offsets.diff()[batch.history] - batch.shown.long()
        chosen = self.nodes(batch.items[:, 0]) * batch.shown[:, None]
        means = (sums[batch.history] - chosen) / sizes.clamp(min=1)[:, None]
        vectors: Tensor = (
            self.users(batch.users) * batch.with_embedding[:, None] + means + self.everyone
        )
        return vectors

    def pair_scores(self, users: Tensor, own: Tensor, fields: Tensor) -> Tensor:
        """Return (pairs,) scores of users (pairs, dim) and items, given as in ``set_fields``."""
        seen, relations, present = [own[:, None]], [], []
        at = fields[:, None]
        for _ in self.layers:
            near: Tensor = self.near[at]  # type: ignore[index]
            relations.append(self.by[at].flatten(1, 2))  # type: ignore[index]
            present.append(self.present[at])  # type: ignore[index]
            seen.append(self.nodes(near).flatten(1, 2))
            at = 2 * near.flatten(1, 2)
        for done, layer in enumerate(self.layers):
            for hop in range(len(self.layers) - done):
                weight = self._attention(users, relations[hop], present[hop])
                near = seen[hop + 1].view(*weight.shape, -1)
                mean = torch.einsum("bnk,bnkd->bnd", weight, near)
                seen[hop] = layer(seen[hop], mean)
        scores: Tensor = (users * seen[0][:, 0]).sum(dim=1)
        return scores

    def _attention(self, users: Tensor, by: Tensor, there: Tensor) -> Tensor:
        """Return (pairs, nodes, K): each user's softmax over the relations of a neighbourhood."""
        interest = (users @ self.relations.weight.T).gather(1, by).view_as(there)
        weights: Tensor = interest.masked_fill(~there, -1e9).softmax(dim=-1) * there
        return weights


def _rows(count: int, dim: int) -> nn.Embedding:
    rows = nn.Embedding(count, dim)
    nn.init.normal_(rows.weight, std=0.1)
    return rows


def _interleaved(first: np.ndarray, second: np.ndarray) -> Tensor:
    """Return rows of ``first`` and ``second`` in turn."""
    return torch.from_numpy(np.stack((first, second), axis=1)).flatten(0, 1)
