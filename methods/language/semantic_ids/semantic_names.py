"""Codes of the text vector, and one token more where training items share all codes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ....datasets.arrays import FloatArray, LongArray
from .names import Names
from .quantiser import Quantiser, measure_error
from .trie import END, are_alike


class SemanticNames(Names):
    """Codes of the text vector, and one token more where training items share all codes.

    Source: Rajput et al., NeurIPS 2023, section 3.1 (the token against collisions) and 4.3 (an
    unseen item is found by its codes, without that token).
    """

    def __init__(self, quantiser: Quantiser, own_codes: LongArray, error: float) -> None:
        self.quantiser, self._codes, self._error = quantiser, own_codes, error
        levels, codes = quantiser.centres.shape[:2]
        extra = _count_equal_before(self._codes)
        self.alike = are_alike(self._codes)
        _, which, sizes = np.unique(self._codes, axis=0, return_inverse=True, return_counts=True)
        self.choices = sizes[which.reshape(-1)]
        self.ranges = [(level * codes, (level + 1) * codes) for level in range(levels)]
        self.ranges.append((levels * codes, levels * codes + int(extra.max(initial=0)) + 1))
        last = np.where(self.alike, levels * codes + extra, END)
        self.tokens = np.hstack([self._codes + np.arange(levels) * codes, last[:, None]])

    @classmethod
    def learn(
        cls, vectors: FloatArray, fit_quantiser: Callable[[FloatArray], Quantiser]
    ) -> "SemanticNames":
        """Fit the quantiser on the vectors of the training items: float32 (items, d)."""
        quantiser = fit_quantiser(vectors)
        return cls(quantiser, quantiser.encode(vectors), measure_error(quantiser, vectors))

    def state(self) -> dict[str, Any]:
        """Return the quantiser's arrays and the codes of the training items."""
        return {"quantiser": self.quantiser.state(), "codes": self._codes, "error": self._error}

    def name(self, texts: Sequence[str], vectors: FloatArray) -> LongArray:
        """Return the codes alone: which of several equal ones an unseen item is, is not known."""
        levels, codes = self.quantiser.centres.shape[:2]
        found = np.full((len(vectors), levels + 1), END, dtype=np.int64)
        if len(vectors):
            found[:, :levels] = self.quantiser.encode(vectors) + np.arange(levels) * codes
        return found

    def count_weights(self) -> int:
        """Return the numbers of the quantiser."""
        return self.quantiser.count_weights()

    def describe(self) -> dict[str, Any]:
        """Return the codes in use, and how well they tell the training items apart.

        ``codes_used`` has the codes that some training item has at each level, ``collisions`` the
        share of training items that share all codes with another one, and
        ``reconstruction_error`` what the codes miss of the variance of the vectors.
        """
        return super().describe() | {
            "codes": int(self.quantiser.centres.shape[1]),
            "codes_used": [len(np.unique(column)) for column in self._codes.T],
            "collisions": round(float(self.alike.mean()), 4),
            "reconstruction_error": round(self._error, 4),
        }


def _count_equal_before(codes: LongArray) -> LongArray:
    """Return int64, (items,): how many earlier rows are equal to each."""
    seen: dict[tuple[int, ...], int] = {}
    found = np.empty(len(codes), dtype=np.int64)
    for at, row in enumerate(codes.tolist()):
        found[at] = seen.get(tuple(row), 0)
        seen[tuple(row)] = int(found[at]) + 1
    return found
