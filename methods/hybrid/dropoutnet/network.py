"""The two towers of DropoutNet, and the loss on a batch of user-item pairs."""

import itertools
from typing import TypeAlias

import torch
from torch import Tensor, nn


class Tower(nn.Module):
    """Preference and content to a factor: linear, batch normalisation and tanh, then linear."""

    def __init__(self, rank: int, content: int, hidden: list[int]) -> None:
        super().__init__()
        widths = [rank + content, *hidden]
        layers: list[nn.Module] = []
        for narrow, wide in itertools.pairwise(widths):
            layers += [nn.Linear(narrow, wide), nn.BatchNorm1d(wide), nn.Tanh()]
        # The last layer is linear: the pretrained scores have no bound, products of tanh would.
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], rank))

    def forward(self, preference: Tensor, content: Tensor) -> Tensor:
        """Return (rows, rank)."""
        # The first layer is a sum, W [p, c] = W_p p + W_c c: a preference of zero takes its term
        # out and leaves the content's as it is.
        factors: Tensor = self.layers(torch.cat((preference, content), dim=1))
        return factors


class DropoutNetModule(nn.Module):
    """A tower per side; the score of a pair is the dot product of their outputs."""

    def __init__(self, rank: int, content: tuple[int, int], hidden: list[int]) -> None:
        super().__init__()
        self.content = content
        self.users = Tower(rank, content[0], hidden)
        self.items = Tower(rank, content[1], hidden)

    def loss(self, batch: "DropoutNetBatch") -> Tensor:
        """Return the mean squared error to the pretrained scores."""
        users, items, positions, targets = batch
        # All users against all items of the batch is one product; of each row only the pairs that
        # were chosen count. Each entity is encoded once, however many pairs it is in.
        scores = self.users(*users) @ self.items(*items).T
        return nn.functional.mse_loss(scores.gather(1, positions), targets)


DropoutNetBatch: TypeAlias = tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor], Tensor, Tensor]
"""(preference, content) of some users, the same of some items, per user the positions
(users, pairs) of its items, and the pretrained scores of these pairs."""
