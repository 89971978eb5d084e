"""The network of RippleNet: rows of nodes, matrices of relations, attention over ripple sets."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ....datasets.graph import Links
from .ripple_sets import RippleSampler


class ClickBatch(NamedTuple):
    """A batch: users with one item they have chosen and one they have not, and some triples.

    Attributes
    ----------
    users
        int64, (rows,).
    items, with_row
        int64 and bool, (rows, 2): chosen and other item, and whether its own row takes part.
    triples
        int64, (rows,): positions of triples of the graph, for the loss of the graph.
    """

    users: Tensor
    items: Tensor
    with_embedding: Tensor
    triples: Tensor


class RippleVectors(NamedTuple):
    """The ripple sets of some users as vectors.

    Attributes
    ----------
    heads, tails
        (users, hops, memory, dim).
    by
        int64, (users, hops, memory): relation.
    present
        bool, (users, hops, memory).
    """

    heads: Tensor
    by: Tensor
    tails: Tensor
    present: Tensor


class RippleNetModule(nn.Module):
    """Answers of ripple sets to items; score by the dot product with the transformed item."""

    def __init__(self, sizes: tuple[int, int, int], dim: int, hops: int) -> None:
        super().__init__()
        self.sizes, self.hops = sizes, hops
        self.n_items, n_nodes, n_relations = sizes
        self.nodes = nn.Embedding(n_nodes, dim)
        self.relations = nn.Parameter(torch.empty(n_relations, dim, dim))
        self.transform = nn.Linear(dim, dim, bias=False)
        nn.init.normal_(self.nodes.weight, std=0.1)
        for matrix in (*self.relations.data, self.transform.weight):
            nn.init.xavier_uniform_(matrix)

    def set_graph(self, graph: RippleSampler) -> None:
        """Take the triples of the graph."""
        for name in ("heads", "relations", "tails"):
            self._keep(f"triple_{name}", getattr(graph, name))

    def set_training(self, sets: np.ndarray, shared: Links, kge: float, l2: float) -> None:
        """Take the training users' sets, the items' edges as if new, and the losses' weights."""
        self._keep("sets", sets)
        order = shared.rows.argsort(kind="stable")
        self._keep("edge_by", shared.relations[order].astype(np.int64))
        self._keep("edge_ends", shared.nodes[order].astype(np.int64))
        counts = np.bincount(shared.rows, minlength=self.sizes[1])
        self._keep("edge_counts", counts)
        self._keep("edge_starts", np.cumsum(counts) - counts)
        self.kge, self.l2 = kge, l2

    def loss(self, batch: ClickBatch) -> Tensor:
        """Return the cross-entropy of chosen and other items, less what the triples score."""
        memory, heads = self.memory(self.sets[batch.users])  # type: ignore[index]
        # The chosen item is in the history: what it leads to itself must not answer for it.
        present = memory.present & (heads != batch.items[:, :1, None])
        own = self.batch_items(batch.items.flatten(), batch.with_embedding.flatten())
        scores = self.answers(own.view(*batch.items.shape, -1), memory._replace(present=present))
        fit = nn.functional.softplus(torch.stack((-scores[:, 0], scores[:, 1]))).mean()
        norms = sum(p.square().sum() for p in self.parameters())
        return fit - self.kge * self._plausible(batch.triples) + self.l2 * norms

    def memory(self, sets: Tensor) -> tuple[RippleVectors, Tensor]:
        """Return the vectors of ripple sets (users, hops, memory), and the heads' indices."""
        present = sets >= 0
        at = sets.clamp(min=0).long()
        heads, tails = self.triple_heads[at], self.triple_tails[at]  # type: ignore[index]
        by = self.triple_relations[at]  # type: ignore[index]
        return RippleVectors(self.nodes(heads), by, self.nodes(tails), present), heads

    def answers(self, items: Tensor, memory: RippleVectors) -> Tensor:
        """Return scores (users, items) of items (users, items, dim)."""
        total = torch.zeros_like(items)
        for hop in range(self.hops):
            asked = torch.einsum("ucd,rde->ucre", items, self.relations)
            seen = memory.by[:, hop, None, :, None].expand(-1, items.shape[1], -1, items.shape[2])
            asked = asked.gather(2, seen)
            interest = (asked * memory.heads[:, None, hop]).sum(dim=3)
            answer = attend(interest, memory.present[:, hop], memory.tails[:, hop])
            total = total + answer
            items = self.transform(items + answer)
        return (items * total).sum(dim=2)

    def batch_items(self, items: Tensor, with_row: Tensor) -> Tensor:
        """Return (items, dim): own row, or what the edges tell of a hidden item."""
        at = items[~with_row]
        counts = self.edge_counts[at]  # type: ignore[index]
        rows = torch.arange(len(at), device=at.device).repeat_interleave(counts)
        first = self.edge_starts[at] - (counts.cumsum(0) - counts)  # type: ignore[index]
        edges = torch.arange(len(rows), device=at.device) + first[rows]
        told = self.told(rows, self.edge_by[edges], self.edge_ends[edges], len(at))  # type: ignore[index]
        own: Tensor = self.nodes(items)
        return own.masked_scatter(~with_row[:, None], told)

    def told(self, rows: Tensor, by: Tensor, ends: Tensor, count: int) -> Tensor:
        """Return (count, dim): mean over a row's edges of the far end seen by the relation.

        A row without edges is zero.
        """
        far = torch.einsum("nde,ne->nd", self.relations[by], self.nodes(ends))
        sums = far.new_zeros(count, far.shape[1]).index_add(0, rows, far)
        sizes = torch.bincount(rows, minlength=count)[:, None]
        return sums / sizes.clamp(min=1)

    def _plausible(self, triples: Tensor) -> Tensor:
        """Return the mean of sigmoid(head . relation . tail)."""
        heads = self.nodes(self.triple_heads[triples])  # type: ignore[index]
        tails = self.nodes(self.triple_tails[triples])  # type: ignore[index]
        matrices = self.relations[self.triple_relations[triples]]  # type: ignore[index]
        return torch.einsum("nd,nde,ne->n", heads, matrices, tails).sigmoid().mean()

    def _keep(self, name: str, array: np.ndarray) -> None:
        self.register_buffer(name, torch.from_numpy(array), persistent=False)


def attend(interest: Tensor, present: Tensor, tails: Tensor) -> Tensor:
    """Return (users, items, dim): means of the tails by softmax; zero for an empty set."""
    weights = interest.masked_fill(~present[:, None], -1e9).softmax(dim=2)
    return torch.bmm(weights * present[:, None], tails)
