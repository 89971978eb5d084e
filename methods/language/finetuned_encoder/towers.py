"""The two towers on top of sentence vectors: an item from its text, a user from a history."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class AdaptationLayer(nn.Module):
    """x + MLP(x), scaled to length 1; starts as the identity, so that nothing is lost at first."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.inner = nn.Linear(width, hidden)
        self.outer = nn.Linear(hidden, width)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return float32 (rows, width) of length 1."""
        inner = functional.gelu(self.inner(self.dropout(x)))
        return functional.normalize(x + self.outer(self.dropout(inner)), dim=-1)


class Towers(nn.Module):
    """Item vectors from text vectors, user vectors from the item vectors of a history.

    Parameters
    ----------
    width
        Columns of a text vector, and of both towers' output.
    hidden
        Inner width of the adaptation layers.
    dropout
        Share of inputs and inner values of the adaptation layers that a step leaves out.
    temperature
        What cosines are divided by at first; learned.
    user_text
        Whether users have a text of their own.
    """

    def __init__(
        self, width: int, hidden: int, dropout: float, temperature: float, user_text: bool
    ) -> None:
        super().__init__()
        self.item = AdaptationLayer(width, hidden, dropout)
        self.user = AdaptationLayer(width, hidden, dropout)
        self.attention = nn.Parameter(torch.zeros(width))
        self.anyone = nn.Parameter(torch.zeros(width))
        self.anyone_log_weight = nn.Parameter(torch.zeros(()))
        self.about = nn.Parameter(torch.zeros(width, width)) if user_text else None
        self.log_scale = nn.Parameter(torch.tensor(-math.log(temperature)))

    def items(self, text: Tensor) -> Tensor:
        """Return float32 (items, width) from text vectors (items, width)."""
        vectors: Tensor = self.item(text)
        return vectors

    def users(
        self, items: Tensor, rows: Tensor, entries: Tensor, n_users: int, text: Tensor | None
    ) -> Tensor:
        """Return float32 (n_users, width) from histories.

        Parameters
        ----------
        items
            (items, width), from ``items``.
        rows, entries
            int64, (history entries,): user of each entry, ascending, and row of ``items``.
        n_users
            How many users; one without entries is the learned vector of anyone.
        text
            (n_users, width) text vectors of the users, or None.
        """
        attention = items @ self.attention
        weight = torch.exp(attention - attention.max())[entries]
        starts = torch.searchsorted(rows, torch.arange(n_users, device=rows.device))
        total = functional.embedding_bag(
            entries, items, starts, mode="sum", per_sample_weights=weight
        )
        prior = self.anyone_log_weight.exp() * self.anyone
        profile = functional.normalize(total + prior, dim=-1)
        if self.about is not None and text is not None:
            profile = profile + text @ self.about
        vectors: Tensor = self.user(profile)
        return vectors

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        """Return (users, items): cosines over the temperature, which stays above 0.01."""
        return users @ items.T * self.log_scale.exp().clamp(max=100)
