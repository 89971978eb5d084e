"""The network of CLCRec: id embeddings, a content encoder, and two contrastive losses."""

from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional


class CLCRecModule(nn.Module):
    """Rows of users and items, and an encoder that makes an item's row of its content."""

    def __init__(self, sizes: tuple[int, int, int], dim: int, hidden: int) -> None:
        super().__init__()
        users, items, content = self.sizes = sizes
        self.dim = dim
        self.users = nn.Embedding(users, dim)
        self.items = nn.Embedding(items, dim)
        self.encoder = nn.Sequential(
            nn.Linear(content, hidden), nn.LeakyReLU(), nn.Linear(hidden, dim)
        )
        # One table in the authors' code, hence one spread for both sides.
        spread = (2 / (users + items + dim)) ** 0.5
        nn.init.normal_(self.users.weight, std=spread)
        nn.init.normal_(self.items.weight, std=spread)
        self.temperature, self.balance, self.norm_weight = 1.0, 0.5, 0.0

    def set_losses(self, temperature: float, balance: float, norm_weight: float) -> None:
        """Set the temperature, the weight of the item's own loss, and that of the norms."""
        self.temperature, self.balance, self.norm_weight = temperature, balance, norm_weight

    def encode(self, content: Tensor) -> Tensor:
        """Return (rows, dim) from content, each row first made of length 1."""
        rows: Tensor = self.encoder(functional.normalize(content, dim=1))
        return rows

    def loss(self, batch: "CLCRecBatch") -> Tensor:
        """Return both losses, weighed, and the mean length of the rows."""
        users, content, items, chosen, sampled, as_content, hidden = batch
        rows, made, user_rows = self.items(items), self.encode(content), self.users(users)
        both = torch.cat((chosen, sampled))
        shown = torch.where(as_content, made[both], rows[both])
        own, others = shown[: len(chosen)], shown[len(chosen) :]
        taste = self._contrast((user_rows * own).sum(dim=1), user_rows @ others.T, hidden)
        lengths = (user_rows.norm(dim=1).mean() + rows[both].norm(dim=1).mean()) / 2
        loss: Tensor = (
            self.balance * self._own_loss(rows, made, chosen, sampled)
            + (1 - self.balance) * taste
            + self.norm_weight * lengths
        )
        return loss

    def _own_loss(self, rows: Tensor, made: Tensor, chosen: Tensor, sampled: Tensor) -> Tensor:
        """Return the loss of telling an item's own content from that of the sampled items."""
        anchor = functional.normalize(rows[chosen], dim=1)
        made = functional.normalize(made, dim=1)
        same = chosen[:, None] == sampled
        return self._contrast((anchor * made[chosen]).sum(dim=1), anchor @ made[sampled].T, same)

    def _contrast(self, own: Tensor, others: Tensor, hidden: Tensor) -> Tensor:
        """Return the mean of minus the log share of ``own``; hidden ones have no share."""
        others = others.masked_fill(hidden, -torch.inf)
        logits = torch.cat((own[:, None], others), dim=1) / self.temperature
        return functional.cross_entropy(logits, logits.new_zeros(len(own), dtype=torch.int64))


CLCRecBatch: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
"""Users of the pairs; content and index of the items in the batch, each once; positions among
them of the pairs' items and of the sampled ones; as a column, which of these show content; bool
(pairs, sampled): the sampled item is one of the user's own."""
