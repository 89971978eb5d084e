"""The two towers on top of sentence vectors: an item from its text, a user from a history."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...training.bag_sums import sum_bags
from .fast_dropout import FastDropout
from .history_attention import HistoryAttention
from .pair_head import PairHead


class AdaptationLayer(nn.Module):
    """x + MLP(x), scaled to length 1; starts as the identity, so that nothing is lost at first.

    With ``hidden`` 0 it is linear, x + W x + b: over a frozen encoder a linear probe.
    """

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.dropout = FastDropout(dropout)
        # The outer weights start at 0: x + 0, the frozen encoder's own vectors. The inner ones do
        # not, or no gradient would ever reach either.
        self.inner = nn.Linear(width, hidden) if hidden else None
        self.outer = nn.Linear(hidden or width, width)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return float32 (rows, width) of length 1."""
        inner = x if self.inner is None else functional.gelu(self.inner(self.dropout(x)))
        return functional.normalize(x + self.outer(self.dropout(inner)), dim=-1)


class Towers(nn.Module):
    """Item vectors from text vectors, user vectors from the item vectors of a history.

    Parameters
    ----------
    width
        Columns of a text vector, and of both towers' output.
    hidden
        Inner width of the adaptation layers; 0 makes them linear.
    dropout
        Share of inputs and inner values of the adaptation layers that a step leaves out.
    temperature
        What cosines are divided by at first; learned.
    user_text
        Whether users have a text of their own.
    prior
        How many items of a history the prior item weighs as much as at first; learned.
    head
        Inner width of a network that scores both vectors, added to their cosine; 0 is none.
    attention
        (heads, columns of the keys of each) of attention over histories; None for a single query
        on the vectors themselves.
    separate
        Whether the items of a history go through a layer of their own.
    """

    def __init__(
        self,
        width: int,
        hidden: int,
        dropout: float,
        temperature: float,
        user_text: bool,
        prior: float = 1.0,
        head: int = 0,
        attention: tuple[int, int] | None = None,
        separate: bool = False,
    ) -> None:
        super().__init__()
        self.item = AdaptationLayer(width, hidden, dropout)
        self.user = AdaptationLayer(width, hidden, dropout)
        self.attention = None if attention else nn.Parameter(torch.zeros(width))
        # An item of the history that every user has, with a weight of its own: the whole profile
        # of a user without history, and less of it the longer the history is.
        self.prior_item = nn.Parameter(torch.zeros(width))
        self.prior_log_weight = nn.Parameter(torch.tensor(math.log(prior)))
        self.user_text = nn.Parameter(torch.zeros(width, width)) if user_text else None
        self.log_scale = nn.Parameter(torch.tensor(-math.log(temperature)))
        self.pairs = PairHead(width, head) if head else None
        self.history = HistoryAttention(width, *attention) if attention else None
        self.shown = AdaptationLayer(width, hidden, dropout) if separate else None

    def items(self, text: Tensor) -> Tensor:
        """Return float32 (items, width) from text vectors (items, width)."""
        vectors: Tensor = self.item(text)
        return vectors

    def shown_items(self, text: Tensor) -> Tensor:
        """Return float32 (items, width) of items in histories, from text vectors (items, width)."""
        vectors: Tensor = self.items(text) if self.shown is None else self.shown(text)
        return vectors

    def users(
        self,
        items: Tensor,
        rows: Tensor,
        entries: Tensor,
        n_users: int,
        text: Tensor | None,
        prior_scales: Tensor | None = None,
    ) -> Tensor:
        """Return float32 (n_users, width) from histories.

        Parameters
        ----------
        items
            (items, width), from ``shown_items``.
        rows, entries
            int64, (history entries,): user of each entry, ascending, and row of ``items``.
        n_users
            How many users; one without entries is the learned prior item.
        text
            (n_users, width) text vectors of the users, or None.
        prior_scales
            (n_users, 1): what the learned weight of the prior item is multiplied by, or None for 1.
        """
        # ``rows`` ascend, so a user's entries begin where its number would be inserted.
        starts = torch.searchsorted(rows, torch.arange(n_users + 1, device=rows.device))
        weight = self.prior_log_weight.exp()
        prior = weight * self.prior_item
        if prior_scales is not None:
            weight, prior = prior_scales * weight, prior_scales * prior
        if self.history is None:
            pooled = self._attend_plainly(items, entries, starts) + prior
        else:
            pooled = self.history(items, entries, starts, prior, weight)
        profile = functional.normalize(pooled, dim=-1)
        if self.user_text is not None and text is not None:
            profile = profile + text @ self.user_text
        vectors: Tensor = self.user(profile)
        return vectors

    def _attend_plainly(self, items: Tensor, entries: Tensor, starts: Tensor) -> Tensor:
        """Return (users, width): of each history the sum of its items, weighed by one query."""
        # Softmax attention w_j = exp(a.v_j) / sum_k exp(a.v_k) without the denominator, as the sum
        # is scaled to length 1 next. The largest a.v_j is subtracted against overflow; the prior
        # item is not shifted with it, so its weight is relative to the strongest item.
        query: Any = self.attention
        attention = items @ query
        weight = torch.exp(attention - attention.max())
        # An item weighs as much to all, so it is scaled once instead of once per entry.
        return sum_bags(items * weight[:, None], entries, starts)

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        """Return (users, items): cosines over the temperature, which stays above 0.01.

        Plus what the network of both vectors makes of them, where there is one.
        """
        # Learned as a logarithm, log(1 / temperature), it stays positive.
        cosines = users @ items.T * self.log_scale.exp().clamp(max=100)
        return cosines if self.pairs is None else cosines + self.pairs(users, items)
