"""Candidates as a re-ranker keeps them between blocks of users."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ....datasets.arrays import BoolArray, LongArray
from ....datasets.world import Entities


@dataclass(frozen=True)
class Candidates:
    """What is made of a candidate set once.

    Attributes
    ----------
    first
        As the generator has encoded them.
    texts
        Their shortened texts.
    known
        int64, (candidates,): their indices in the training data, -1 of cold ones.
    """

    first: Any
    texts: list[str]
    known: LongArray

    def find_seen(self, users: Entities) -> BoolArray:
        """Return bool (users, candidates): which of them a history holds already."""
        seen = np.zeros((len(users), len(self.known)), dtype=bool)
        warm = np.flatnonzero(self.known >= 0)
        if len(warm) and len(users):
            seen[:, warm] = users.history[:, self.known[warm]].toarray() > 0
        return seen
