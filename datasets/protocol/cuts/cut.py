"""Who is cold and which part every pair belongs to: the outcome of a splitting strategy."""

from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ...errors import SplitError
from ...interactions import Interactions

Parts: TypeAlias = npt.NDArray[np.int8]

TRAIN = 0
WARM = 0
VALIDATION = 1
TEST = 2
OUTSIDE = 3
"""Part of a pair, or cohort of an entity, that plays no role in the split."""
EARLIER = 16
"""Part of a pair from before the latest period of training that is held back from training."""
LATEST = 17
"""Part of a pair from that latest period that is held back."""

STAGES = {"validation": VALIDATION, "test": TEST}


@dataclass(frozen=True)
class Cut:
    """A part for every pair and a cohort for every entity; a stage asks about its own only.

    Attributes
    ----------
    pairs
        What is split: the positives, or every rated pair in a rating task.
    parts
        int8, (pairs,): ``TRAIN``, ``VALIDATION``, ``TEST``, ``OUTSIDE``, ``EARLIER`` or ``LATEST``.
    users, items
        int8, (entities of the dataset,): ``WARM``, ``VALIDATION`` (cold, evaluated in
        validation), ``TEST`` (cold, evaluated in the test) or ``OUTSIDE``.
    files
        sha256 of each file of a published split, by name.
    """

    pairs: Interactions
    parts: Parts
    users: Parts
    items: Parts
    files: dict[str, str] = field(default_factory=dict)

    def settled(self, *, cold_users: bool, cold_items: bool) -> "Cut":
        """Return the cut after dropping what the scenario does not ask about.

        An entity counts as warm only when it has training pairs; a side that the scenario does
        not call cold keeps its warm entities alone.

        Raises
        ------
        SplitError
            When nothing is left to train on, or a cold side has no cold entity for the test.
        """
        training = np.flatnonzero(self.parts == TRAIN)
        if not len(training):
            raise SplitError(
                f"no training interaction is left of {len(self.pairs)}; use a dataset with more "
                "interactions, a smaller cold_fraction or a larger first quantile"
            )
        for side, cohort, cold in (
            ("users", self.users, cold_users),
            ("items", self.items, cold_items),
        ):
            if cold and not (cohort == TEST).any():
                raise SplitError(
                    f"no cold {side} for the test: none is first seen in the last period; use "
                    "earlier quantiles, another strategy, or a scenario without cold " + side
                )
        return replace(
            self,
            users=_cohorts(self.users, self.pairs.users[training], cold_users),
            items=_cohorts(self.items, self.pairs.items[training], cold_items),
        )


def _cohorts(cohort: Parts, trained: npt.NDArray[np.int32], cold: bool) -> Parts:
    settled = cohort.copy()
    if not cold:
        settled[settled != WARM] = OUTSIDE
    seen = np.zeros(len(cohort), dtype=bool)
    seen[trained] = True
    settled[(settled == WARM) & ~seen] = OUTSIDE
    return settled
