"""The network of CFKG: one translation space for users, items, entities, and its ranking loss."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ....datasets.graph import Links
from ...training.bag_sums import sum_bags
from ..edge_lists import EdgeLists
from ..interaction_batches import InteractionBatch, keep_rows, mean_of_histories, merge_rows


class TripleBatch(NamedTuple):
    """A batch: likes pairs with other items, and triples of the graph with a corrupted end.

    Attributes
    ----------
    pairs
        Users with one item they have chosen and one they have not, and whose embedding is hidden.
    starts, relations, ends
        int64, (triples,): node, translation (a relation or its inverse) and node at the far end.
    wrong
        int64, (triples,): node in place of the far end.
    """

    pairs: InteractionBatch
    starts: Tensor
    relations: Tensor
    ends: Tensor
    wrong: Tensor


class CFKGModule(nn.Module):
    """Embeddings of users and nodes, translations of relations; true triples are near."""

    edges: EdgeLists

    def __init__(self, sizes: tuple[int, int, int, int], dim: int, prior_weight: float) -> None:
        super().__init__()
        self.sizes, self.prior_weight = sizes, prior_weight
        n_users, self.n_items, n_nodes, n_relations = sizes
        self.users = _unit_embedding(n_users, dim)
        self.nodes = _unit_embedding(n_nodes, dim)
        self.relations = _unit_embedding(n_relations, dim)
        self.likes = nn.Parameter(_unit_embedding(1, dim).weight.detach()[0])

    def set_training(self, shared: Links, margin: float, logistic: bool) -> None:
        """Take the edges that would be left to each item if it were new, and the loss's form."""
        self.edges = EdgeLists(shared, self.sizes[2])
        self.margin, self.logistic = margin, logistic

    def loss(self, batch: TripleBatch) -> Tensor:
        """Return the ranking losses of likes and of the graph."""
        # TransE scales embeddings back to length 1, lest the loss be lowered by making them all
        # longer; here their norms are weighted instead, by the optimiser.
        pairs = batch.pairs
        # A likes triple is (user, likes, item) like any other: d = |u + likes - i|^2.
        aims = self.batch_users(pairs) + self.likes
        items = self.batch_items(pairs.items.flatten(), pairs.with_item_embedding.flatten())
        apart = (aims[:, None] - items.view(*pairs.items.shape, -1)).square().sum(dim=2)
        fit = self._ranking(apart[:, 0], apart[:, 1])
        if len(batch.starts):
            # TransE: h + r near t; from the tail, t - r near h is the same distance.
            # One look-up, since each has a gradient as large as all nodes.
            nodes = self.nodes(torch.stack((batch.starts, batch.ends, batch.wrong)))
            aims = nodes[0] + self.translations()[batch.relations]
            apart = (aims - nodes[1:]).square().sum(dim=2)
            fit = fit + self._ranking(apart[0], apart[1])
        return fit

    def translations(self) -> Tensor:
        """Return (2 relations, dim): each relation's translation, then the ways back."""
        return torch.cat((self.relations.weight, -self.relations.weight))

    def mean_user(self) -> Tensor:
        """Return (dim,): what stands for a user of whom nothing is known."""
        return self.users.weight.mean(dim=0)

    def mean_item(self) -> Tensor:
        """Return (dim,): what stands for an item of which nothing is known."""
        return self.nodes.weight[: self.n_items].mean(dim=0)

    def batch_users(self, pairs: InteractionBatch) -> Tensor:
        """Return (pairs, dim): own embedding, or for a hidden user what its other items imply."""
        shown = pairs.with_embedding
        means, sizes = mean_of_histories(keep_rows(pairs, ~shown), self.nodes)
        # u + likes = i for every item of the history, and u = mean user, as often as
        # ``prior_weight`` says: the least squares solution is their weighted mean.
        prior = self.mean_user()
        shares = (sizes / (sizes + self.prior_weight).clamp(min=1e-9))[:, None]
        implied = prior + shares * (means - self.likes - prior)
        return merge_rows(shown, self.users(pairs.users[shown]), implied)

    def batch_items(self, items: Tensor, with_embedding: Tensor) -> Tensor:
        """Return (items, dim): own embedding, or for a hidden item what its edges imply."""
        hidden = items[~with_embedding]
        rows, relations, ends = self.edges(hidden)
        implied = self.from_edges(rows, relations, ends, len(hidden))
        return merge_rows(with_embedding, self.nodes(items[with_embedding]), implied)

    def from_edges(self, rows: Tensor, relations: Tensor, ends: Tensor, count: int) -> Tensor:
        """Return (count, dim): mean over a row's edges of the far end, translated back.

        ``rows`` ascend. A row without edges is the mean item.
        """
        # h + r = t over all edges (r, t) of h: by least squares h is the mean of t - r. Both are
        # summed by row at once: no array has a vector for each edge.
        sizes = torch.bincount(rows, minlength=count)
        offsets = nn.functional.pad(sizes.cumsum(0), (1, 0))
        translations = self.translations()
        by_relation = translations.new_zeros(count, len(translations))
        by_relation.index_put_((rows, relations), translations.new_ones(()), accumulate=True)
        sums = sum_bags(self.nodes.weight, ends, offsets) - by_relation @ translations
        sizes = sizes[:, None]
        return torch.where(sizes > 0, sums / sizes.clamp(min=1), self.mean_item())

    def _ranking(self, right: Tensor, wrong: Tensor) -> Tensor:
        # [margin + d(right) - d(wrong)]_+, or its smooth form log(1 + exp(...)).
        excess = self.margin + right - wrong
        fit = nn.functional.softplus(excess) if self.logistic else torch.relu(excess)
        return fit.mean()


def _unit_embedding(count: int, dim: int) -> nn.Embedding:
    """Return embeddings as TransE draws them: uniform, then scaled to length 1."""
    embedding = nn.Embedding(count, dim)
    nn.init.uniform_(embedding.weight, -1, 1)
    embedding.weight.data /= embedding.weight.data.norm(dim=1, keepdim=True)
    return embedding
