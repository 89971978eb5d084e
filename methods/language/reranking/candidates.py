"""Candidates as a re-ranker keeps them between blocks of users."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from ....datasets.arrays import BoolArray, FloatArray, LongArray
from ....datasets.world import Entities
from ...base import Method
from .ranking import choose_top

Text = TypeVar("Text")


@dataclass(frozen=True)
class Candidates(Generic[Text]):
    """What is made of a candidate set once.

    Attributes
    ----------
    first
        As the generator has encoded them.
    texts
        As the re-ranker reads them.
    known
        int64, (candidates,): their indices in the training data, -1 of cold ones.
    """

    first: Any
    texts: list[Text]
    known: LongArray

    def find_seen(self, users: Entities) -> BoolArray:
        """Return bool (users, candidates): which of them a history holds already."""
        seen = np.zeros((len(users), len(self.known)), dtype=bool)
        warm = np.flatnonzero(self.known >= 0)
        if len(warm) and len(users):
            seen[:, warm] = users.history[:, self.known[warm]].toarray() > 0
        return seen


def choose_candidates(
    generator: Method, users: Entities, items: Candidates[Any], count: int
) -> tuple[FloatArray, BoolArray]:
    """Return the generator's scores, and bool of the same shape: what is ranked anew.

    Parameters
    ----------
    generator
        Fitted; it has encoded ``items.first``.
    count
        Candidates of a user at the least, as of ``choose_top``; none that the history holds.
    """
    first = generator.score_block(users, items.first)
    return first, choose_top(first, ~items.find_seen(users), count)
