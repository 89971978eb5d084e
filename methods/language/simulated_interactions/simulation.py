"""Both ends of the funnel on a set of items, a block at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
from scipy.sparse import csr_matrix

from ....datasets.arrays import CSR, BoolArray, DoubleArray, FloatArray, LongArray
from ...training.seeding import numpy_generator
from .funnel import FEATURES, Filter, Funnel
from .refiner import Refiner

_NUMBERS = 1 << 22  # pairs of an item and a user that are rated at once


class Rates(Protocol):
    """The narrow end: how likely users are to take an item."""

    def rate(self, funnel: Any, moved: FloatArray, users: LongArray, text: str) -> DoubleArray:
        """Return float64, (users,): log-odds; yes is above 0."""


@dataclass(frozen=True)
class Simulation:
    """The users that a funnel finds for an item.

    Attributes
    ----------
    kind
        The filter.
    users
        Most users of an item.
    width
        How many times as many pass the filter, where a refiner follows.
    seed
        Of random users.
    rejects
        Whether users to whom the refiner says no are left out; otherwise it only ranks them, and
        every item has as many.
    """

    kind: Filter
    users: int
    width: int
    seed: int
    rejects: bool = True

    def draw(
        self, funnel: Funnel, refiner: Rates | None, raw: FloatArray, texts: Sequence[str]
    ) -> CSR:
        """Return CSR float32 (items, users) of ones: the simulated interactions."""
        found: list[LongArray] = []
        passing = self.filter_users(funnel, raw, texts, refiner is not None)
        for (moved, passed), text in zip(passing, texts, strict=True):
            found.append(np.sort(self._accept(funnel, refiner, moved, passed, text)))
        counts = [len(one) for one in found]
        indices = np.concatenate(found).astype(np.int32) if found else np.zeros(0, np.int32)
        indptr = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        shape = (len(raw), funnel.matrix.shape[0])
        return csr_matrix((np.ones(len(indices), np.float32), indices, indptr), shape=shape)

    def filter_users(
        self, funnel: Funnel, raw: FloatArray, texts: Sequence[str], refined: bool
    ) -> Iterator[tuple[FloatArray, LongArray]]:
        """Yield of each item the moved vector and the users who pass, the likeliest first."""
        everyone = funnel.matrix.shape[0]
        count = min(everyone, self.users * (self.width if refined else 1))
        moved = funnel.move(raw)
        step = max(1, _NUMBERS // max(1, everyone))
        for at in range(0, len(moved), step):
            part = moved[at : at + step]
            if self.kind is Filter.RANDOM:
                for vector, text in zip(part, texts[at : at + step], strict=True):
                    yield vector, self._draw_any(text, everyone, count)
                continue
            for vector, fits in zip(part, funnel.rate_users(part, self.kind), strict=True):
                yield vector, _take_largest(fits, count)

    def _draw_any(self, text: str, everyone: int, count: int) -> LongArray:
        """Return random users that depend on the seed and the item's text alone."""
        place = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
        drawn = numpy_generator(self.seed, place).choice(everyone, count, replace=False)
        return np.asarray(drawn, np.int64)

    def _accept(
        self,
        funnel: Funnel,
        refiner: Rates | None,
        moved: FloatArray,
        passed: LongArray,
        text: str,
    ) -> LongArray:
        if refiner is None or not len(passed):
            return passed[: self.users]
        odds = refiner.rate(funnel, moved, passed, text)
        order = np.argsort(-odds, kind="stable")[: self.users]
        if not self.rejects:
            return passed[order]
        # Where the answer is no to all, the likeliest one stands for them.
        return passed[order[: max(1, int((odds[order] >= 0).sum()))]]


def train_classifier(
    simulation: Simulation,
    funnel: Funnel,
    raw: FloatArray,
    liked: CSR,
    texts: Sequence[str],
    penalty: float,
) -> Refiner:
    """Return a classifier fitted on items that the funnel has not seen.

    Parameters
    ----------
    raw
        float32, (items, d): their text vectors.
    liked
        CSR (items, users): who took them.
    """
    features, answers = [np.zeros((0, FEATURES))], [np.zeros(0, bool)]
    for moved, passed, yes in label_users(simulation, funnel, raw, liked, texts):
        features.append(funnel.describe(moved, passed))
        answers.append(yes)
    return Refiner.of(np.concatenate(features), np.concatenate(answers), penalty)


def label_users(
    simulation: Simulation, funnel: Funnel, raw: FloatArray, liked: CSR, texts: Sequence[str]
) -> Iterator[tuple[FloatArray, LongArray, BoolArray]]:
    """Yield of each item the moved vector, the users who pass, and which of them took it.

    Parameters as of ``train_classifier``.
    """
    for at, (moved, passed) in enumerate(simulation.filter_users(funnel, raw, texts, True)):
        row = liked.indices[liked.indptr[at] : liked.indptr[at + 1]]
        yield moved, passed, np.isin(passed, row)


def _take_largest(values: FloatArray, count: int) -> LongArray:
    """Return the places of the largest values, the largest first; ties to the lower place."""
    if count < len(values):
        least = np.partition(values, len(values) - count)[len(values) - count]
        places = np.flatnonzero(values >= least)
    else:
        places = np.arange(len(values))
    return places[np.argsort(-values[places], kind="stable")[:count]]
