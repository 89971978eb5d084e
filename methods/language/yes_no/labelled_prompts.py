"""Prompts of labelled pairs: to train on, to measure by, and as examples in other prompts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ....datasets.arrays import CSR, LongArray
from ..reranking.pairs import LabelledPairs
from .prompt_tokens import PromptTokens
from .prompts import PromptWriter

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class LabelledPrompts:
    """What asks about training pairs; an item in question is never in the history shown with it.

    Attributes
    ----------
    writer, tokens
        What writes a prompt, and turns it into tokens.
    matrix
        CSR (users, items) of the training pairs.
    """

    writer: PromptWriter
    tokens: PromptTokens
    matrix: CSR

    def encode(self, pairs: LabelledPairs) -> list[tuple[int, ...]]:
        """Return the prompt of each pair."""
        return [
            self.tokens.encode(self.writer, self._history(user, item), [self.writer.texts[item]])[0]
            for user, item in zip(pairs.users.tolist(), pairs.items.tolist(), strict=True)
        ]

    def collate(self, pairs: LabelledPairs, rng: np.random.Generator) -> "dict[str, torch.Tensor]":
        """Return the prompts as the network's loss takes them; nothing is drawn."""
        import torch

        from .network import pad_prompts

        ids, lengths = pad_prompts(self.encode(pairs))
        liked = torch.from_numpy(pairs.liked.astype("float32"))
        return {"ids": ids, "lengths": lengths, "liked": liked}

    def write_examples(self, pairs: LabelledPairs) -> str:
        """Return the pairs as questions with their answers."""
        rows = zip(pairs.users.tolist(), pairs.items.tolist(), pairs.liked.tolist(), strict=True)
        return "\n\n".join(
            self.writer.answer(self._history(user, item), self.writer.texts[item], liked)
            for user, item, liked in rows
        )

    def _history(self, user: int, item: int) -> LongArray:
        items = self.matrix.indices[self.matrix.indptr[user] : self.matrix.indptr[user + 1]]
        return self.writer.list_latest(user, items[items != item])
