"""What items are called, and how much of the probability of a name is an item's own."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from ....datasets.arrays import FloatArray, IntArray, LongArray
from .trie import END, are_alike


class Unseen(str, Enum):
    """Of how much of its identifier the probability of a cold item is taken."""

    PREFIX = "prefix"
    WHOLE = "whole"


@dataclass(frozen=True)
class Called:
    """The names of some items.

    Attributes
    ----------
    tokens
        int64 (items, longest), filled with ``END``: what is generated for each.
    choices
        int64, (items,): how many of the tokens of the last place may stand there.
    log_share
        float32, (items,): the logarithm of an item's share of the probability of its tokens.
    prefix
        int64, (items,): how many tokens from the first some training item has in common.
    """

    tokens: LongArray
    choices: LongArray
    log_share: FloatArray
    prefix: LongArray

    def take(self, rows: LongArray) -> "Called":
        """Return the names of some of the items."""
        return Called(
            self.tokens[rows], self.choices[rows], self.log_share[rows], self.prefix[rows]
        )


class Names(ABC):
    """The identifiers of items.

    The probability of a training item is that of its tokens over m, the number of training items
    of the same tokens; where a last token tells n items of equal codes apart, its probability is
    normalised over these n, so that m is 1:

        P(item) = P(codes) P(last token | codes, one of n) / m.

    So all training items, and the tuples that are nobody's, sum to 1. A cold item i has no last
    token. It gets what the n training items of the longest prefix p that it shares with any have
    on average, whatever they have among themselves:

        P(i) = P(p) / n = mean of P(item) over the n, and of tuples below p that are nobody's.

    If p is its whole tuple, this is exactly the mean of the items of the same codes: neither side
    pays for a token that the other one is spared. It does not depend on the other candidates. As
    a distribution over warm and cold items it is to be divided by its sum, which is the same for
    all candidates of a user. With ``Unseen.WHOLE`` p is the whole tuple in any case, and n is 1
    where no training item has it.

    Attributes
    ----------
    tokens
        int64 (training items, longest), filled with ``END``; tokens count from 0.
    ranges
        Of each place of an identifier, the first of its tokens and the one after the last.
    choices
        int64, (training items,): see ``Called``.
    """

    tokens: LongArray
    ranges: list[tuple[int, int]]
    choices: LongArray

    @abstractmethod
    def name(self, texts: Sequence[str], vectors: FloatArray) -> LongArray:
        """Return int64 (items, longest): the tokens of items that were not trained on."""

    def name_all(
        self, known: IntArray, texts: Sequence[str], vectors: FloatArray, unseen: Unseen
    ) -> Called:
        """Return the names; ``known`` is the index of a training item, or -1."""
        counts = self._count_prefixes()
        tokens, choices = self.tokens[known], self.choices[known]
        new = np.flatnonzero(known < 0)
        tokens[new] = self.name([texts[int(at)] for at in new], vectors[new])
        choices[new] = self.ranges[-1][1] - self.ranges[-1][0]
        prefix = np.array([_measure_prefix(row, counts) for row in map(tuple, tokens.tolist())])
        prefix = prefix.reshape(-1).astype(np.int64)
        if unseen is Unseen.PREFIX:
            tokens[new] = np.where(
                np.arange(tokens.shape[1]) < prefix[new][:, None], tokens[new], END
            )
        alike = [max(counts[_strip(row)], 1) for row in map(tuple, tokens.tolist())]
        log_share = -np.log(np.array(alike, dtype=np.float32).reshape(-1))
        return Called(tokens, choices, log_share, prefix)

    def _count_prefixes(self) -> Counter[tuple[int, ...]]:
        """Return how many training items have each prefix, whole identifiers among them."""
        if "_counts" not in vars(self):
            self._counts: Counter[tuple[int, ...]] = Counter()
            for row in map(tuple, self.tokens.tolist()):
                own = _strip(row)
                self._counts.update(own[:size] for size in range(len(own) + 1))
        return self._counts

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return what ``restore_names`` makes the same names of."""

    def count_weights(self) -> int:
        """Return how many numbers were learned to make tokens."""
        return 0

    def describe(self) -> dict[str, Any]:
        """Return facts worth recording, as plain JSON values."""
        return {"vocabulary": max(stop for _, stop in self.ranges)}


def describe_new(called: Called) -> dict[str, Any]:
    """Return facts about items that were not trained on.

    ``prefix`` is the share of them by the number of tokens that some training item has, too;
    ``tied`` that of items whose score is equal to another's.
    """
    sizes = np.bincount(called.prefix) / max(len(called.prefix), 1)
    return {
        "items": len(called.tokens),
        "prefix": [round(float(share), 4) for share in sizes],
        "tied": round(float(are_alike(called.tokens).mean()), 4),
    }


def _strip(row: tuple[int, ...]) -> tuple[int, ...]:
    return row[: row.index(END)] if END in row else row


def _measure_prefix(row: tuple[int, ...], counts: Counter[tuple[int, ...]]) -> int:
    own = _strip(row)
    return next(size for size in range(len(own), -1, -1) if size == 0 or own[:size] in counts)
