"""The head that scores a user and an item together, beside the cosine of their vectors."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ....datasets.arrays import FloatArray
from ....datasets.world import Entities, TrainView
from ...base import Family, Method

if TYPE_CHECKING:
    from .method import FineTunedEncoder

PAIRS = 1 << 19
"""Pairs that are scored at a time."""


class PairHead(nn.Module):
    """A network of one hidden layer on both vectors and their product; at first 0.

    Source: He et al., Neural Collaborative Filtering, WWW 2017, section 3.4 (vectors side by side
    and their product under one layer).
    Differs: it is added to the cosine, so that before training the score is the frozen encoder's.

    Parameters
    ----------
    width
        Columns of the vectors of users and items.
    inner
        Columns of their projections, and of the hidden layer.
    """

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.user, self.item = nn.Linear(width, inner), nn.Linear(width, inner, bias=False)
        self.joint = nn.Linear(inner, inner, bias=False)
        self.outer = nn.Linear(inner, 1, bias=False)
        nn.init.zeros_(self.outer.weight)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Return (users, items) from vectors (users, width) and (items, width)."""
        one, other = self.user(users)[:, None], self.item(items)[None]
        # What each vector adds alone is computed once for it, the product alone for every pair.
        hidden = functional.gelu(one + other + self.joint(one * other))
        scores: Tensor = self.outer(hidden)[..., 0]
        return scores


class PairScores(Method):
    """A fine-tuned encoder whose scores are no dot product."""

    family = Family.LANGUAGE_MODEL

    def __init__(self, encoder: "FineTunedEncoder") -> None:
        self._encoder = encoder

    def fit(self, train: TrainView) -> Self:
        """Refuse: the encoder is fitted."""
        raise TypeError("a view of a fitted encoder is not fitted again")

    def encode_items(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, width), the vectors of the item tower."""
        return self._encoder.item_factors(items)

    @torch.no_grad()
    def score_block(self, users: Entities, items: Any) -> FloatArray:
        """Return float32 (users, candidates)."""
        scorer = self._encoder.fitted("scorer_")
        towers, device = scorer.model.towers, scorer.device
        vectors = torch.from_numpy(self._encoder.user_factors(users)).to(device)
        candidates = torch.from_numpy(np.asarray(items)).to(device)
        parts = torch.split(vectors, max(1, PAIRS // max(1, len(candidates))))
        scores = [towers.logits(part, candidates).cpu().numpy() for part in parts]
        made: FloatArray = np.concatenate(scores) if scores else np.zeros((0, len(items)), "f4")
        return made
