"""An encoder that reads two texts as one, and a linear head on what it makes of them."""

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ....datasets.arrays import FloatArray
from ...training.weights import device_of
from ..text_encoder.pooling import Pooling
from ..text_encoder.transformer import batch_by_length, pad, pool
from .joined_texts import JoinedText
from .settings import Loss

TOKENS_AT_ONCE = {"cpu": 2048, "cuda": 65536}
"""Tokens of the joined texts that are computed together, padding included."""
SPREAD = 0.02
"""Standard deviation of the first weights of the head, as of BERT's own."""


class JointNetwork(nn.Module):
    """Scores of joined texts.

    Parameters
    ----------
    body
        Returns hidden states; its parameters with a gradient are trained.
    pooling
        Which of them become the vector of a text.
    filler
        Token of the padding.
    typed
        Whether the body is given the segment of each token.
    dropout
        Between the vector and the head.
    loss
        See ``loss``.
    together
        Length of the lists that a batch consists of, the liked item first.
    """

    def __init__(
        self,
        body: nn.Module,
        pooling: Pooling,
        *,
        filler: int,
        typed: bool,
        dropout: float,
        loss: Loss,
        together: int,
    ) -> None:
        super().__init__()
        self.body, self.pooling, self.filler, self.typed = body, pooling, filler, typed
        self.kind, self.together = loss, together
        width: int = body.config.hidden_size  # type: ignore[union-attr, assignment]
        self.dropout, self.head = nn.Dropout(dropout), nn.Linear(width, 1)
        nn.init.normal_(self.head.weight, std=SPREAD)
        nn.init.zeros_(self.head.bias)

    def train(self, mode: bool = True) -> Self:
        """Set training mode; what is frozen as a whole stays in evaluation mode."""
        super().train(mode)
        for part in (getattr(self.body, "embeddings", self.body), *list_layers(self.body)):
            if not any(one.requires_grad for one in part.parameters()):
                part.eval()
        return self

    def forward(self, ids: Tensor, mask: Tensor, second: Tensor) -> Tensor:
        """Return float32, (texts,).

        Parameters
        ----------
        ids, mask
            int64, (texts, tokens), padded at the end; the mask is 0 there.
        second
            int64, (texts,): where the segment of the candidate begins.
        """
        more = {}
        if self.typed:
            places = torch.arange(ids.shape[1], device=ids.device)
            more["token_type_ids"] = (places >= second[:, None]).long() * mask
        states = self.body(input_ids=ids, attention_mask=mask, **more).last_hidden_state
        # A vector of length 1 would take the head many steps: its entries get a mean square of 1.
        vectors = pool(states, mask, self.pooling) * math.sqrt(states.shape[-1])
        scores: Tensor = self.head(self.dropout(vectors))[:, 0]
        return scores

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the mean over the lists of a batch.

        That is -log of the liked item's share in the softmax of its list or, with cross-entropy,
        the mean of -log P(liked) of the liked and of -log P(not liked) of the others, half each.
        """
        scores = self(batch["ids"], batch["mask"], batch["second"]).view(-1, self.together)
        if self.kind is Loss.SOFTMAX:
            return -functional.log_softmax(scores, dim=1)[:, 0].mean()
        liked, others = functional.logsigmoid(scores[:, 0]), functional.logsigmoid(-scores[:, 1:])
        return -(liked.mean() + others.mean()) / 2

    @property
    def chance_loss(self) -> float:
        """The loss of equal scores."""
        return math.log(2 if self.kind is Loss.CROSS_ENTROPY else self.together)

    @torch.no_grad()
    def score(self, texts: Sequence[JoinedText]) -> FloatArray:
        """Return float32, (texts,): the same for equal texts, each padded by its own length."""
        # An order of their own, so that the company of a text does not depend on theirs.
        distinct = sorted(set(texts))
        device, found = device_of(self), np.empty(len(distinct), dtype=np.float32)
        budget = TOKENS_AT_ONCE.get(device.type, TOKENS_AT_ONCE["cpu"])
        lengths = [len(text.tokens) for text in distinct]
        for rows, length in batch_by_length(lengths, budget):
            batch = pad_joined([distinct[row] for row in rows], self.filler, length)
            found[rows] = self(*(part.to(device) for part in batch.values())).cpu().numpy()
        places = {text: at for at, text in enumerate(distinct)}
        return found[[places[text] for text in texts]] if texts else found


def pad_joined(
    texts: Sequence[JoinedText], filler: int, length: int | None = None
) -> dict[str, Tensor]:
    """Return ``ids`` and ``mask`` (texts, length) and ``second`` (texts,), all int64.

    Parameters
    ----------
    length
        None is that of the longest.
    """
    longest = max(len(text.tokens) for text in texts) if length is None else length
    ids, mask = pad([text.tokens for text in texts], longest, filler)
    return {"ids": ids, "mask": mask, "second": torch.tensor([text.second for text in texts])}


def list_layers(body: Any) -> list[nn.Module]:
    """Return the layers of an encoder, from the bottom up; none where they lie elsewhere."""
    return list(getattr(getattr(body, "encoder", None), "layer", ()))
