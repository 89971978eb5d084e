"""What an item is called: codes of its text vector, words of its title, or a token of its own."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np

from ....datasets.arrays import FloatArray, IntArray, LongArray
from .quantiser import Codebooks, fit_codebooks
from .trie import END, are_alike


class Identifier(str, Enum):
    """How an item is named to the network."""

    SEMANTIC = "semantic"
    TEXTUAL = "textual"
    ATOMIC = "atomic"


class Names(ABC):
    """The identifiers of items.

    Attributes
    ----------
    tokens
        int64 (training items, longest), filled with ``END``; tokens count from 0.
    ranges
        Of each place of an identifier, the first of its tokens and the one after the last.
    """

    tokens: LongArray
    ranges: list[tuple[int, int]]

    @abstractmethod
    def name(self, texts: Sequence[str], vectors: FloatArray) -> LongArray:
        """Return int64 (items, longest): the identifiers of items that were not trained on."""

    def name_all(self, known: IntArray, texts: Sequence[str], vectors: FloatArray) -> LongArray:
        """Return int64 (items, longest); ``known`` is the index of a training item, or -1."""
        found = self.tokens[known]
        new = np.flatnonzero(known < 0)
        found[new] = self.name([texts[int(at)] for at in new], vectors[new])
        return found

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return what ``restore_names`` makes the same names of."""

    def describe(self) -> dict[str, Any]:
        """Return facts worth recording, as plain JSON values."""
        return {"vocabulary": max(stop for _, stop in self.ranges)}

    def describe_new(self, tokens: LongArray) -> dict[str, Any]:
        """Return facts about items that were not trained on, from what ``name`` returned."""
        return {"items": len(tokens), "collisions": round(float(are_alike(tokens).mean()), 4)}


class SemanticNames(Names):
    """Codes of the text vector, and one token more where training items share all codes.

    Source: Rajput et al., NeurIPS 2023, section 3.1 (the token against collisions) and 4.3 (an
    unseen item is found by its codes, without that token).
    """

    def __init__(self, codebooks: Codebooks, own_codes: LongArray) -> None:
        self.codebooks = codebooks
        levels, codes = codebooks.centres.shape[:2]
        self._codes = own_codes
        extra = _count_equal_before(self._codes)
        self.alike = are_alike(self._codes)
        self.ranges = [(level * codes, (level + 1) * codes) for level in range(levels)]
        self.ranges.append((levels * codes, levels * codes + int(extra.max(initial=0)) + 1))
        last = np.where(self.alike, levels * codes + extra, END)
        self.tokens = np.hstack([self._codes + np.arange(levels) * codes, last[:, None]])

    @classmethod
    def learn(cls, vectors: FloatArray, levels: int, codes: int, seed: int) -> "SemanticNames":
        """Fit the codebooks on the vectors of the training items: float32 (items, d)."""
        codebooks = fit_codebooks(vectors, levels, codes, seed)
        return cls(codebooks, codebooks.encode(vectors))

    def state(self) -> dict[str, Any]:
        """Return the centres and the codes of the training items."""
        return {"centres": self.codebooks.centres, "codes": self._codes}

    def name(self, texts: Sequence[str], vectors: FloatArray) -> LongArray:
        """Return the codes alone: which of several equal ones an unseen item is, is not known."""
        levels, codes = self.codebooks.centres.shape[:2]
        found = np.full((len(vectors), levels + 1), END, dtype=np.int64)
        if len(vectors):
            found[:, :levels] = self.codebooks.encode(vectors) + np.arange(levels) * codes
        return found

    def describe(self) -> dict[str, Any]:
        """Return the use of each codebook, and the share of training items that share all codes."""
        codes = self.codebooks.centres.shape[1]
        return super().describe() | {
            "codes": codes,
            "codebook_use": _share_used(self._codes, codes),
            "collisions": round(float(self.alike.mean()), 4),
        }

    def describe_new(self, tokens: LongArray) -> dict[str, Any]:
        """Return the use of each codebook, and the shares that share all codes with others."""
        levels, codes = self.codebooks.centres.shape[:2]
        known = {tuple(row) for row in self._codes.tolist()}
        own = tokens[:, :levels] - np.arange(levels) * codes
        shared = [tuple(row) in known for row in own.tolist()]
        return super().describe_new(tokens) | {
            "codebook_use": _share_used(own, codes),
            "collisions_with_training_items": round(float(np.mean(shared)), 4),
        }


class TextualNames(Names):
    """The first words of the text, of the words of training items; a token ends a shorter one.

    Words that no training item has share one token, and items of the same words share a score.
    """

    def __init__(self, words: Sequence[str], longest: int, tokens: LongArray | None = None) -> None:
        self.words, self._longest = list(words), longest
        self._place = {word: at + 2 for at, word in enumerate(self.words)}  # 0: end, 1: unknown
        self.ranges = [(0, len(self.words) + 2)] * longest
        if tokens is not None:
            self.tokens = tokens

    @classmethod
    def learn(cls, texts: Sequence[str], longest: int) -> "TextualNames":
        """Collect the words of the training items."""
        words = {word for text in texts for word in _first_words(text, longest)}
        made = cls(sorted(words), longest)
        made.tokens = made.name(texts, np.zeros((len(texts), 0), dtype=np.float32))
        return made

    def state(self) -> dict[str, Any]:
        """Return the words and the identifiers of the training items."""
        return {"words": self.words, "longest": self._longest, "tokens": self.tokens}

    def name(self, texts: Sequence[str], vectors: FloatArray) -> LongArray:
        """Return the tokens of the first words."""
        found = np.full((len(texts), self._longest), END, dtype=np.int64)
        for row, text in zip(found, texts, strict=True):
            words = _first_words(text, self._longest)
            row[: len(words)] = [self._place.get(word, 1) for word in words]
            if len(words) < self._longest:
                row[len(words)] = 0
        return found


class AtomicNames(Names):
    """A token for each training item, and none for any other."""

    def __init__(self, n_items: int) -> None:
        self.ranges = [(0, n_items)]
        self.tokens = np.arange(n_items, dtype=np.int64)[:, None]

    def state(self) -> dict[str, Any]:
        """Return how many training items there are."""
        return {"n_items": len(self.tokens)}

    def name(self, texts: Sequence[str], vectors: FloatArray) -> LongArray:
        """Return identifiers without any token."""
        return np.full((len(texts), 1), END, dtype=np.int64)


def restore_names(identifier: Identifier, state: dict[str, Any]) -> Names:
    """Return the names of which ``Names.state`` was kept."""
    if identifier is Identifier.TEXTUAL:
        return TextualNames(**state)
    if identifier is Identifier.ATOMIC:
        return AtomicNames(**state)
    return SemanticNames(Codebooks(state["centres"]), state["codes"])


def _share_used(own_codes: LongArray, codes: int) -> list[float]:
    return [round(len(np.unique(column)) / codes, 4) for column in own_codes.T]


def _first_words(text: str, longest: int) -> list[str]:
    return text.lower().split()[:longest]


def _count_equal_before(codes: LongArray) -> LongArray:
    """Return int64, (items,): how many earlier rows are equal to each."""
    seen: dict[tuple[int, ...], int] = {}
    found = np.empty(len(codes), dtype=np.int64)
    for at, row in enumerate(codes.tolist()):
        found[at] = seen.get(tuple(row), 0)
        seen[tuple(row)] = int(found[at]) + 1
    return found
