"""The network of RippleNet: embeddings of nodes, matrices of relations, attention over sets."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ....datasets.graph import Links
from ..edge_lists import EdgeLists
from ..interaction_batches import merge_rows
from .ripple_sets import RippleSampler


class ClickBatch(NamedTuple):
    """A batch: users with one item they have chosen and one they have not, and some triples.

    Attributes
    ----------
    users
        int64, (rows,).
    items, with_embedding
        int64 and bool, (rows, 2): chosen and other item, and whether its own embedding takes part.
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
        Of each hop (users, memory, dim).
    relations
        int64, (users, hops, memory).
    present
        bool, (users, hops, memory).
    """

    heads: tuple[Tensor, ...]
    relations: Tensor
    tails: tuple[Tensor, ...]
    present: Tensor


class RippleNetModule(nn.Module):
    """Users as what their ripple sets return for an item; score by dot product with the item."""

    edges: EdgeLists

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

    def set_training(self, sets: np.ndarray, shared: Links, kge: float) -> None:
        """Take the training users' sets, the items' edges as if new, and the graph's weight."""
        self._keep("sets", sets)
        self.edges = EdgeLists(shared, self.sizes[1])
        self.kge = kge

    def loss(self, batch: ClickBatch) -> Tensor:
        """Return the cross-entropy of chosen and other items, less what the triples score.

        The weighted norms are the optimiser's.
        """
        memory, heads = self.memory(self.sets[batch.users])  # type: ignore[index]
        # The chosen item is in the history: what it leads to itself must not answer for it.
        present = memory.present & (heads != batch.items[:, :1, None])
        own = self.batch_items(batch.items.flatten(), batch.with_embedding.flatten())
        scores = self.answers(own.view(*batch.items.shape, -1), memory._replace(present=present))
        fit = nn.functional.softplus(torch.stack((-scores[:, 0], scores[:, 1]))).mean()
        return fit - self.kge * self._plausible(batch.triples)

    def memory(self, sets: Tensor) -> tuple[RippleVectors, Tensor]:
        """Return the vectors of ripple sets (users, hops, memory), and the heads' indices."""
        present = sets >= 0
        at = sets.clamp(min=0).long()  # -1, no triple, reads the first and is masked out later
        heads, tails = self.triple_heads[at], self.triple_tails[at]  # type: ignore[index]
        relations = self.triple_relations[at]  # type: ignore[index]
        # A look-up for each hop: the gradient of one for all would be put together from theirs.
        parts = (tuple(map(self.nodes, nodes.unbind(1))) for nodes in (heads, tails))
        return RippleVectors(next(parts), relations, next(parts), present), heads

    def answers(self, items: Tensor, memory: RippleVectors) -> Tensor:
        """Return scores (users, items) of items (users, items, dim)."""
        total = torch.zeros_like(items)
        users, count, dim = items.shape
        n_relations, joined = len(self.relations), self._joined()
        for hop, (heads, tails) in enumerate(zip(memory.heads, memory.tails, strict=True)):
            # Equation 4, p_i = softmax(v' R_i h_i): v' R h for every relation and head, of which
            # each triple takes its own number. There are few relations, and a product with all of
            # them is cheaper than to copy a vector v' R for each triple.
            keys = (items.reshape(-1, dim) @ joined).view(users, count * n_relations, dim)
            each = torch.bmm(keys, heads.transpose(1, 2)).view(users, count, n_relations, -1)
            relations = memory.relations[:, hop, None, None, :].expand(-1, count, -1, -1)
            interest = each.gather(2, relations)[:, :, 0]
            # Equation 5, o = sum of p_i t_i. The user is the sum of o over the hops, equation 6.
            answer = attend(interest, memory.present[:, hop], tails)
            total = total + answer
            # The next hop takes W (v + o) in place of v, as in the authors' code, and the
            # last one, too, scores with it.
            items = self.transform(items + answer)
        return (items * total).sum(dim=2)

    def batch_items(self, items: Tensor, with_embedding: Tensor) -> Tensor:
        """Return (items, dim): own embedding, or for a hidden item what its edges imply."""
        hidden = items[~with_embedding]
        rows, relations, ends = self.edges(hidden)
        implied = self.from_edges(rows, relations, ends, len(hidden))
        return merge_rows(with_embedding, self.nodes(items[with_embedding]), implied)

    def from_edges(self, rows: Tensor, relations: Tensor, ends: Tensor, count: int) -> Tensor:
        """Return (count, dim): mean over a row's edges of the far end seen by the relation.

        A row without edges is zero.
        """
        # The loss of the graph makes h' R t large: R t is the direction that h is drawn to. The
        # far ends are summed by row and relation first: one product then has all relations, and
        # no array a matrix for each edge.
        n_relations, dim = len(self.relations), self.nodes.embedding_dim
        ends_of = self.nodes(ends)
        by_relation = ends_of.new_zeros(count * n_relations, dim)
        by_relation = by_relation.index_add(0, rows * n_relations + relations, ends_of)
        # (relations x dim, dim): row (r, e) of column d is R_r[d, e].
        joined = self.relations.transpose(1, 2).reshape(-1, dim)
        sums = by_relation.view(count, n_relations * dim) @ joined
        sizes = torch.bincount(rows, minlength=count)[:, None]
        means: Tensor = sums / sizes.clamp(min=1)
        return means

    def _plausible(self, triples: Tensor) -> Tensor:
        """Return the mean of sigmoid(head . relation . tail)."""
        heads, tails = self.triple_heads[triples], self.triple_tails[triples]  # type: ignore[index]
        relations = self.triple_relations[triples]  # type: ignore[index]
        # h' R of every relation, of which each triple takes its own.
        seen = (self.nodes(heads) @ self._joined()).view(len(triples), len(self.relations), -1)
        own = seen[torch.arange(len(triples), device=triples.device), relations]
        mean: Tensor = (own * self.nodes(tails)).sum(dim=1).sigmoid().mean()
        return mean

    def _joined(self) -> Tensor:
        """Return (dim, relations x dim): one product with it makes v' R of every relation."""
        return self.relations.transpose(0, 1).reshape(self.nodes.embedding_dim, -1)

    def _keep(self, name: str, array: np.ndarray) -> None:
        self.register_buffer(name, torch.from_numpy(array), persistent=False)


def attend(interest: Tensor, present: Tensor, tails: Tensor) -> Tensor:
    """Return (users, items, dim): means of the tails by softmax; zero for an empty set."""
    # -1e9 instead of -inf: the softmax of an empty set is then uniform, not NaN, and becomes zero.
    weights = interest.masked_fill(~present[:, None], -1e9).softmax(dim=2)
    return torch.bmm(weights * present[:, None], tails)
