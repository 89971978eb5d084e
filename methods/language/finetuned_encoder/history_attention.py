"""Attention over a history by learned queries: what each item weighs in the vector of a user."""

import torch
from torch import Tensor, nn

from ....datasets.errors import ColdbenchError
from ...training.bag_sums import sum_bags

LIMIT = 10.0
"""Largest logarithm of a weight: of two items one counts at most e^20 times the other."""


class HistoryAttention(nn.Module):
    """Heads that weigh the items v of a history by exp(q . tanh(K v + b)); at first all by 1.

    Source: Wu et al., Neural News Recommendation with Multi-Head Self-Attention (NRMS), EMNLP 2019,
    section 2.2 (additive attention over a user's news, by a learned query).
    Differs: the items of a history do not attend to one another first; each head has keys and a
    query of its own and pools its part of the columns; the item that every user has takes part with
    the weight of its own; the query begins at 0, so that before training the history counts as a
    mean, as under the other heads.

    Parameters
    ----------
    width
        Columns of an item's vector.
    heads, keys
        How many heads, and the columns of the keys of each.

    Raises
    ------
    ColdbenchError
        When the columns cannot be dealt to the heads evenly.
    """

    def __init__(self, width: int, heads: int, keys: int) -> None:
        super().__init__()
        if width % heads:
            raise ColdbenchError(
                f"attention_heads = {heads} does not divide the {width} columns of this encoder's "
                "vectors; take a divisor, or 1"
            )
        self.heads, self.parts = heads, (heads, width // heads)
        self.keys = nn.Linear(width, heads * keys)
        self.queries = nn.Parameter(torch.zeros(heads, keys))

    def weights(self, items: Tensor) -> Tensor:
        """Return (items, heads), all above 0: what an item weighs in a history, next to others."""
        keys = torch.tanh(self.keys(items)).view(-1, *self.queries.shape)
        logits = (keys * self.queries).sum(dim=-1)
        weights: Tensor = logits.clamp(-LIMIT, LIMIT).exp()
        return weights

    def forward(
        self, items: Tensor, entries: Tensor, starts: Tensor, prior: Tensor, prior_weight: Tensor
    ) -> Tensor:
        """Return (users, width): weighted means of histories, up to a positive factor of each user.

        Parameters
        ----------
        items
            (items, width).
        entries, starts
            The items of each history, as ``sum_bags`` takes them.
        prior
            (width,) or (users, width): the prior item times its weight.
        prior_weight
            () or (users, 1): its weight.
        """
        weights = self.weights(items)
        parts = items.view(-1, *self.parts) * weights[:, :, None]
        sums = sum_bags(parts.flatten(1), entries, starts) + prior
        masses = sum_bags(weights, entries, starts) + prior_weight
        # Each head's sum over its mass, all times the mass of the first: where the masses are
        # equal, as without any history, the sums stay as they are to the last bit.
        shares = masses[:, :1] / masses
        pooled: Tensor = (sums.view(-1, *self.parts) * shares[:, :, None]).flatten(1)
        return pooled
