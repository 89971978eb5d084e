"""The kinds of identifiers: codes of a text vector, words of a title, or a token of its own."""

from collections import Counter
from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np

from ....datasets.arrays import FloatArray, LongArray
from .names import Names
from .quantiser import Codebooks, Quantiser, QuantiserKind
from .semantic_names import SemanticNames
from .trie import END

_LAST, _RARE, _WORDS = 0, 1, 2
"""Of textual identifiers: the token after the last word, that of rare words, the first word's."""


class Identifier(str, Enum):
    """How an item is named to the network."""

    SEMANTIC = "semantic"
    TEXTUAL = "textual"
    ATOMIC = "atomic"


class TextualNames(Names):
    """The first words of the text; a token ends a shorter one.

    Words of fewer than two training items share one token, which cold items' new words get, too.
    Items of the same tokens share their probability.
    """

    def __init__(self, words: Sequence[str], longest: int, tokens: LongArray | None = None) -> None:
        self.words, self._longest = list(words), longest
        self._place = {word: at + _WORDS for at, word in enumerate(self.words)}
        self.ranges = [(0, len(self.words) + _WORDS)] * longest
        if tokens is not None:
            self._set(tokens)

    @classmethod
    def learn(cls, texts: Sequence[str], longest: int) -> "TextualNames":
        """Collect the words that at least two training items have."""
        counts = Counter(word for text in texts for word in set(_first_words(text, longest)))
        made = cls(sorted(word for word, count in counts.items() if count > 1), longest)
        made._set(made.name(texts, np.zeros((len(texts), 0), dtype=np.float32)))
        return made

    def _set(self, tokens: LongArray) -> None:
        self.tokens = tokens
        self.choices = np.full(len(tokens), self.ranges[-1][1], dtype=np.int64)

    def state(self) -> dict[str, Any]:
        """Return the words and the identifiers of the training items."""
        return {"words": self.words, "longest": self._longest, "tokens": self.tokens}

    def name(self, texts: Sequence[str], vectors: FloatArray) -> LongArray:
        """Return the tokens of the first words."""
        found = np.full((len(texts), self._longest), END, dtype=np.int64)
        for row, text in zip(found, texts, strict=True):
            words = _first_words(text, self._longest)
            row[: len(words)] = [self._place.get(word, _RARE) for word in words]
            if len(words) < self._longest:
                row[len(words)] = _LAST
        return found


class AtomicNames(Names):
    """A token for each training item, and none for any other."""

    def __init__(self, n_items: int) -> None:
        self.ranges = [(0, n_items)]
        self.tokens = np.arange(n_items, dtype=np.int64)[:, None]
        self.choices = np.full(n_items, n_items, dtype=np.int64)

    def state(self) -> dict[str, Any]:
        """Return how many training items there are."""
        return {"n_items": len(self.tokens)}

    def name(self, texts: Sequence[str], vectors: FloatArray) -> LongArray:
        """Return identifiers without any token."""
        return np.full((len(texts), 1), END, dtype=np.int64)


def _first_words(text: str, longest: int) -> list[str]:
    return text.lower().split()[:longest]


def restore_names(identifier: Identifier, quantiser: QuantiserKind, state: dict[str, Any]) -> Names:
    """Return the names of which ``Names.state`` was kept."""
    if identifier is Identifier.TEXTUAL:
        return TextualNames(**state)
    if identifier is Identifier.ATOMIC:
        return AtomicNames(**state)
    made = _restore_quantiser(quantiser, state["quantiser"])
    return SemanticNames(made, state["codes"], state["error"])


def _restore_quantiser(kind: QuantiserKind, state: dict[str, Any]) -> Quantiser:
    if kind is QuantiserKind.K_MEANS:
        return Codebooks(state["centres"])
    from .rq_vae import RqVae

    return RqVae.restore(state)
