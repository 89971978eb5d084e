"""Vectors that stand in for words at the head of every text: all that prompt tuning trains."""

from typing import Any

import torch
from torch import Tensor, nn

COMMON = 5000
"""Words that the first vectors are drawn from: a vocabulary begins with the frequent ones."""


class SoftPrompt(nn.Module):
    """Vectors put between the first token of a text and the others.

    Source: Lester et al., The Power of Scale for Parameter-Efficient Prompt Tuning, EMNLP 2021,
    section 2; with a network, Liu et al., GPT Understands, Too, 2021, section 3.2 (P-tuning).
    Differs: what the network makes is added to the vectors, so that these begin as words as well.

    Parameters
    ----------
    words
        float32 (vocabulary, width): the vectors are drawn from them at first, as is best by the
        paper (section 3.2), from the ``COMMON`` first ones.
    length
        How many vectors.
    network
        Whether the output of a bidirectional LSTM over them and a layer on top, which begins at 0,
        is added to them.
    """

    def __init__(self, words: Tensor, length: int, *, network: bool) -> None:
        super().__init__()
        width = words.shape[1]
        drawn = torch.randint(min(COMMON, len(words)), (length,))
        self.vectors = nn.Parameter(words.detach()[drawn].clone())
        self.lstm = nn.LSTM(width, width // 2, bidirectional=True) if network else None
        self.outer = nn.Linear(2 * (width // 2), width) if network else None
        if self.outer is not None:
            nn.init.zeros_(self.outer.weight)
            nn.init.zeros_(self.outer.bias)

    def forward(self) -> Tensor:
        """Return (length, width)."""
        if self.lstm is None or self.outer is None:
            return self.vectors
        states, _ = self.lstm(self.vectors)
        made: Tensor = self.vectors + self.outer(torch.relu(states))
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
