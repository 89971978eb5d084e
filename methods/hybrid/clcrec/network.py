"""The network of CLCRec: id embeddings, a content encoder, and two contrastive losses."""

from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional


class CLCRecModule(nn.Module):
    """Embeddings of users and items, and an encoder from content to embeddings of items."""

    def __init__(self, sizes: tuple[int, int, int], dim: int, hidden: int) -> None:
        super().__init__()
        users, items, content = self.sizes = sizes
        self.dim = dim
        self.users = nn.Embedding(users, dim)
        self.items = nn.Embedding(items, dim)
        self.encoder = nn.Sequential(
            nn.Linear(content, hidden), nn.LeakyReLU(), nn.Linear(hidden, dim)
        )
        # The authors' code has users and items in one tensor and draws it by Xavier, whose spread
        # is (2 / (rows + columns))^0.5: hence one spread for both sides.
        spread = (2 / (users + items + dim)) ** 0.5
        nn.init.normal_(self.users.weight, std=spread)
        nn.init.normal_(self.items.weight, std=spread)
        self.temperature, self.balance, self.norm_weight = 1.0, 0.5, 0.0

    def set_losses(self, temperature: float, balance: float, norm_weight: float) -> None:
        """Set the temperature, the weight of the item's own loss, and that of the norms."""
        self.temperature, self.balance, self.norm_weight = temperature, balance, norm_weight

    def encode(self, content: Tensor) -> Tensor:
        """Return (rows, dim) from content, first scaled to length 1."""
        encoded: Tensor = self.encoder(functional.normalize(content, dim=1))
        return encoded

    def loss(self, batch: "CLCRecBatch") -> Tensor:
        """Return both losses, weighted, and the mean length of the embeddings."""
        users, content, items, chosen, sampled, as_content, hidden = batch
        ids, encoded, user_ids = self.items(items), self.encode(content), self.users(users)
        # R-E (user and item): the item shows its id embedding or, at random, its encoded content,
        # the same to all users of the batch, so that content learns to stand where ids stand.
        both = torch.cat((chosen, sampled))
        shown = torch.where(as_content, encoded[both], ids[both])
        positives, negatives = shown[: len(chosen)], shown[len(chosen) :]
        preference = self._contrast(
            (user_ids * positives).sum(dim=1), user_ids @ negatives.T, hidden
        )
        # The length of embeddings, not its square, as in the authors' code: its gradient does not
        # fade near zero, so too large a weight shrinks them to nothing.
        lengths = (user_ids.norm(dim=1).mean() + ids[both].norm(dim=1).mean()) / 2
        loss: Tensor = (
            self.balance * self._own_loss(ids, encoded, chosen, sampled)
            + (1 - self.balance) * preference
            + self.norm_weight * lengths
        )
        return loss

    def _own_loss(self, ids: Tensor, encoded: Tensor, chosen: Tensor, sampled: Tensor) -> Tensor:
        """Return the loss of telling an item's own content from that of the sampled items.

        Its minimum maximises a lower bound of the mutual information between an item's id
        embedding and its content (InfoNCE).
        """
        # Here the scores are cosines, in the other loss dot products.
        anchor = functional.normalize(ids[chosen], dim=1)
        encoded = functional.normalize(encoded, dim=1)
        # The negatives are shared and may hold the item itself, which is not a negative of itself.
        same = chosen[:, None] == sampled
        return self._contrast(
            (anchor * encoded[chosen]).sum(dim=1), anchor @ encoded[sampled].T, same
        )

    def _contrast(self, positive: Tensor, negatives: Tensor, hidden: Tensor) -> Tensor:
        """Return the mean of -log(exp(p / t) / (exp(p / t) + sum of exp(n / t))).

        Parameters
        ----------
        positive
            (pairs,): score p of each pair's own item.
        negatives
            (pairs, sampled): scores n of the sampled items.
        hidden
            bool (pairs, sampled): sampled items that are left out of the sum.
        """
        negatives = negatives.masked_fill(hidden, -torch.inf)  # exp(-inf) = 0
        # It is the cross-entropy of a choice whose right answer is column 0.
        logits = torch.cat((positive[:, None], negatives), dim=1) / self.temperature
        return functional.cross_entropy(logits, logits.new_zeros(len(positive), dtype=torch.int64))


CLCRecBatch: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
"""Users of the pairs; content and index of the items in the batch, each once; positions among
them of the pairs' items and of the sampled ones; as a column, which of these show content; bool
(pairs, sampled): the sampled item is one of the user's own."""
