"""The network of CFKG: one translation space for users, items, entities, and its ranking loss."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ....datasets.graph import Links
from ..interaction_batches import InteractionBatch


class TripleBatch(NamedTuple):
    """A batch: likes pairs with other items, and triples of the graph with a corrupted end.

    Attributes
    ----------
    pairs
        Users with one item they have chosen and one they have not, and whose rows are hidden.
    starts, by, ends
        int64, (triples,): node, translation (a relation or its inverse) and node at the far end.
    wrong
        int64, (triples,): node in place of the far end.
    """

    pairs: InteractionBatch
    starts: Tensor
    by: Tensor
    ends: Tensor
    wrong: Tensor


class CFKGModule(nn.Module):
    """Rows of users and nodes, translations of relations; small distances mean true triples."""

    def __init__(self, sizes: tuple[int, int, int, int], dim: int) -> None:
        super().__init__()
        self.sizes = sizes
        n_users, self.n_items, n_nodes, n_relations = sizes
        self.users = _rows(n_users, dim)
        self.nodes = _rows(n_nodes, dim)
        self.relations = _rows(n_relations, dim)
        self.likes = nn.Parameter(_rows(1, dim).weight.detach()[0])

    def set_training(self, shared: Links, margin: float, l2: float, logistic: bool) -> None:
        """Take the edges that would be left to each item if it were new, and the loss's numbers."""
        order = shared.rows.argsort(kind="stable")
        for name, part in (("by", shared.relations), ("ends", shared.nodes)):
            tensor = torch.from_numpy(part[order].astype("int64"))
            self.register_buffer(f"edge_{name}", tensor, persistent=False)
        counts = torch.bincount(torch.from_numpy(shared.rows).long(), minlength=self.sizes[2])
        self.register_buffer("edge_counts", counts, persistent=False)
        self.register_buffer("edge_starts", counts.cumsum(0) - counts, persistent=False)
        self.margin, self.l2, self.logistic = margin, l2, logistic

    def loss(self, batch: TripleBatch) -> Tensor:
        """Return the ranking losses of likes and of the graph, and the weighted norms."""
        pairs = batch.pairs
        aims = self.batch_users(pairs) + self.likes
        items = self.batch_items(pairs.items.flatten(), pairs.with_item_embedding.flatten())
        apart = (aims[:, None] - items.view(*pairs.items.shape, -1)).square().sum(dim=2)
        fit = self._ranking(apart[:, 0], apart[:, 1])
        if len(batch.starts):
            aims = self.nodes(batch.starts) + self.translations()[batch.by]
            right = (aims - self.nodes(batch.ends)).square().sum(dim=1)
            wrong = (aims - self.nodes(batch.wrong)).square().sum(dim=1)
            fit = fit + self._ranking(right, wrong)
        norms = sum(p.square().sum() for p in self.parameters())
        return fit + self.l2 * norms / 2

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
        """Return (pairs, dim): own row, or what the other chosen items tell of a hidden user."""
        sums = nn.functional.embedding_bag(
            pairs.entries, self.nodes.weight, pairs.offsets, mode="sum", include_last_offset=True
        )
        sizes = (pairs.offsets.diff()[pairs.history] - pairs.shown.long())[:, None]
        chosen = self.nodes(pairs.items[:, 0]) * pairs.shown[:, None]
        told = (sums[pairs.history] - chosen) / sizes.clamp(min=1) - self.likes
        told = torch.where(sizes > 0, told, self.mean_user())
        return torch.where(pairs.with_embedding[:, None], self.users(pairs.users), told)

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
        """Return (count, dim): mean over a row's edges of the far end, translated back.

        A row without edges is the mean item.
        """
        back = self.nodes(ends) - self.translations()[by]
        sums = back.new_zeros(count, back.shape[1]).index_add(0, rows, back)
        sizes = torch.bincount(rows, minlength=count)[:, None]
        return torch.where(sizes > 0, sums / sizes.clamp(min=1), self.mean_item())

    def _ranking(self, right: Tensor, wrong: Tensor) -> Tensor:
        excess = self.margin + right - wrong
        fit = nn.functional.softplus(excess) if self.logistic else torch.relu(excess)
        return fit.mean()


def _rows(count: int, dim: int) -> nn.Embedding:
    """Return rows as TransE draws them: uniform, then scaled to length 1."""
    rows = nn.Embedding(count, dim)
    nn.init.uniform_(rows.weight, -1, 1)
    rows.weight.data /= rows.weight.data.norm(dim=1, keepdim=True)
    return rows
