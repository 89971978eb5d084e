"""Joined texts of labelled pairs: to train on, and to measure by."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ....datasets.arrays import CSR, LongArray
from ..histories import list_latest
from ..reranking.pairs import LabelledPairs
from .joined_texts import JoinedText, TextJoiner, Tokens

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class HistoryTexts:
    """What is known of the training items, from which histories are written.

    Attributes
    ----------
    texts
        Tokens of each training item, cut for a history.
    times
        As ``order_by_time`` returns it.
    most
        The most items of a history.
    """

    texts: list[Tokens]
    times: CSR | None
    most: int

    def read(self, known: int, items: LongArray) -> list[Tokens]:
        """Return the texts of the latest items of a history, the latest last."""
        latest = list_latest(self.times, known, items, self.most)
        return [self.texts[item] for item in latest.tolist()]


@dataclass(frozen=True)
class LabelledTexts:
    """What joins training pairs; an item in question is never in the history next to it.

    Attributes
    ----------
    joiner, histories
        What writes a joined text.
    candidates
        Tokens of each training item as a candidate.
    matrix
        CSR (users, items) of the training pairs.
    thinning
        Share of the lists whose history is thinned to any length while training.
    together
        Length of a list.
    """

    joiner: TextJoiner
    histories: HistoryTexts
    candidates: list[Tokens]
    matrix: CSR
    thinning: float
    together: int

    def encode(self, pairs: LabelledPairs) -> list[JoinedText]:
        """Return each pair with the whole of its history."""
        return [
            self._join(user, self._others(user, item), item)
            for user, item in zip(pairs.users.tolist(), pairs.items.tolist(), strict=True)
        ]

    def collate(self, pairs: LabelledPairs, rng: np.random.Generator) -> "dict[str, torch.Tensor]":
        """Return whole lists as the network's loss takes them; a list has one history."""
        from .network import pad_joined

        joined = []
        users, items = (one.reshape(-1, self.together) for one in (pairs.users, pairs.items))
        for user, listed in zip(users[:, 0].tolist(), items.tolist(), strict=True):
            history = self._others(user, listed[0])
            if rng.random() < self.thinning:
                history = rng.permutation(history)[: rng.integers(len(history) + 1)]
            joined += [self._join(user, history, item) for item in listed]
        return pad_joined(joined, self.joiner.tokenizer.pad_token_id or 0)

    def _others(self, user: int, item: int) -> LongArray:
        items = self.matrix.indices[self.matrix.indptr[user] : self.matrix.indptr[user + 1]]
        others: LongArray = items[items != item].astype(np.int64)
        return others

    def _join(self, user: int, history: LongArray, item: int) -> JoinedText:
        return self.joiner.join(self.histories.read(user, history), self.candidates[item])
