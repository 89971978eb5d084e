"""Vectors that stand in for words at the head of every text: all that prompt tuning trains."""

from typing import Any

import torch
from torch import Tensor, nn

_SPREAD = 0.02
"""Standard deviation of the first vectors, as of BERT's own embeddings."""


class SoftPrompt(nn.Module):
    """Vectors put between the first token of a text and the others.

    Source: Lester et al., The Power of Scale for Parameter-Efficient Prompt Tuning, EMNLP 2021,
    section 2; with a network, Liu et al., GPT Understands, Too, 2021, section 3.2 (P-tuning).

    Parameters
    ----------
    length, width
        How many vectors, and their columns.
    network
        Whether they are the output of a bidirectional LSTM and a layer on top, trained as well.
    """

    def __init__(self, length: int, width: int, *, network: bool) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.empty(length, width).normal_(std=_SPREAD))
        self.lstm = nn.LSTM(width, width // 2, bidirectional=True) if network else None
        self.outer = nn.Linear(2 * (width // 2), width) if network else None

    def forward(self) -> Tensor:
        """Return (length, width)."""
        if self.lstm is None or self.outer is None:
            return self.vectors
        states, _ = self.lstm(self.vectors)
        made: Tensor = self.outer(torch.relu(states))
        return made

    def make_room(self, tokens: list[int], filler: int) -> list[int]:
        """Return the numbers of a text's tokens with places for the vectors."""
        return [*tokens[:1], *[filler] * len(self.vectors), *tokens[1:]]

    def embed(self, embeddings: Any, ids: Tensor) -> Tensor:
        """Return (texts, length, width): embeddings of texts with room, the vectors in it.

        Parameters
        ----------
        embeddings
            Of the transformer.
        ids
            int64 (texts, length).
        """
        words, made = embeddings.word_embeddings(ids), self()
        shown = made.expand(len(words), *made.shape)
        joined = torch.cat([words[:, :1], shown, words[:, 1 + len(made) :]], dim=1)
        embedded: Tensor = embeddings(inputs_embeds=joined)
        return embedded
