"""Continual re-tuning: step by step a method learns from the past and answers the next period."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar

import numpy as np

from ..arrays import BoolArray, IntArray, make_read_only
from ..dataset import Dataset
from ..errors import SplitError
from ..interactions import Interactions
from ..parameters import parameter
from ..update import Update
from ..world import Split
from .cuts.cut import TEST, Cut
from .cuts.held_back import hold_back
from .cuts.temporal_cut import cut_by_time, find_cutoffs
from .scenario import Scenario
from .scenarios import Grid
from .seeded_hash import hash_ids
from .settings import Strategy
from .tasks.stage import Stage, Tasks
from .tasks.warm_users import make_earlier_tasks
from .views.training_world import invert_index


class UpdateRule(str, Enum):
    """How a method comes to the training data of a step: by a fit, or from the step before."""

    SCRATCH = "scratch"
    WARM = "warm"
    RECENT = "recent"
    REPLAY = "replay"
    NONE = "none"


@dataclass
class Periods(Grid):
    """The tasks of grid in one period after another, for methods that are updated on the way.

    The time after ``start`` is cut into ``periods`` by quantiles of the pairs. Step ``period``
    trains on what happened before a period, validates on it, and asks about the next one; what
    comes later is outside. A share of the pairs of the past is held back in every step alike: from
    the second step on ``earlier/warm`` asks for those from before the latest period of training.
    The split is the same for every ``update``.
    """

    name: ClassVar[str] = "periods"

    strategy: Strategy = parameter(Strategy.TEMPORAL, "temporal: by time quantiles alone")
    shots: list[int] = parameter(
        [0, 1], "interactions of a cold user that are shown; few have many in a period", minimum=0
    )
    start: float = parameter(0.5, "share of the pairs before the first period", above=0, below=1)
    periods: int = parameter(5, "periods of as many pairs each after that", minimum=2)
    period: int = parameter(
        1, "step: trains before this period, validates on it, asks about the next", minimum=1
    )
    update: UpdateRule = parameter(
        UpdateRule.SCRATCH,
        "scratch: a fit; else from step to step, learning from all pairs (warm), those of the "
        "latest period (recent), these and older ones (replay), or not at all (none)",
    )
    replay: float = parameter(1.0, "replay: older pairs for one of the latest period", minimum=0)
    held_back: float = parameter(
        0.1, "share of the pairs of the past that are never trained on", minimum=0, below=1
    )

    def check(self) -> None:
        """Refuse settings that make no sense."""
        super().check()
        if self.strategy is not Strategy.TEMPORAL:
            raise SplitError(
                f"scenario periods cuts by time alone; it cannot have strategy="
                f"{self.strategy.value}: leave it out, or use another scenario"
            )
        if self.quantiles != Scenario().quantiles:
            raise SplitError(
                f"scenario periods makes its quantiles from start and periods; quantiles="
                f"{self.quantiles} would change nothing: leave it out"
            )
        if self.period >= self.periods:
            raise SplitError(
                f"period={self.period} has no next period to ask about: periods={self.periods} "
                f"make the steps 1 to {self.periods - 1}"
            )

    def tasks(self, stage: Stage) -> Tasks:
        """Return the tasks of ``grid`` and, in the test, ``earlier/warm``."""
        return super().tasks(stage) | (make_earlier_tasks(stage) if stage.part == TEST else {})

    def validates(self, task: str) -> bool:
        """Say whether a validation task counts: the warm one, too, which asks most users."""
        return "/all/" not in task

    def steps(self) -> Sequence[Scenario]:
        """Return the steps that the update goes through, this one last."""
        if self.update is UpdateRule.SCRATCH:
            return [self]
        last = 2 if self.update is UpdateRule.NONE else self.period
        return [*(replace(self, period=one) for one in range(1, min(last, self.period))), self]

    def plan_update(self, before: Split, after: Split) -> Update:
        """Return what a method that was fitted on one step is to learn in this one.

        Parameters
        ----------
        before, after
            The split of an earlier step and of this one; the seed is that of the latter.
        """
        users, items = (
            _find_places(new, old)
            for new, old in ((after.users, before.users), (after.items, before.items))
        )
        targets = self._choose_targets(_find_recent(before, after, users, items), after.train.seed)
        return Update(make_read_only(targets), make_read_only(users), make_read_only(items))

    def _choose_targets(self, recent: BoolArray, seed: int) -> BoolArray:
        """Return which training pairs are learned from."""
        if self.update in (UpdateRule.SCRATCH, UpdateRule.WARM):
            return np.ones_like(recent)
        if self.update is UpdateRule.NONE:
            return np.zeros_like(recent)
        targets, older = recent.copy(), np.flatnonzero(~recent)
        if self.update is UpdateRule.REPLAY:
            count = min(len(older), round(self.replay * int(recent.sum())))
            rng = np.random.default_rng([seed, self.period])
            targets[rng.choice(older, count, replace=False)] = True
        return targets

    def _cut(self, data: Dataset, pairs: Interactions, seed: int) -> Cut:
        at = self.period - 1
        bounds = [self._share(one) for one in range(at, at + 3) if one < self.periods]
        cut = cut_by_time(pairs, bounds)
        latest = find_cutoffs(pairs, [self._share(at - 1), bounds[0]])[0] if at else None
        keys = hash_ids(data.user_ids), hash_ids(data.item_ids)
        return hold_back(cut, keys, seed, self.held_back, latest)

    def _share(self, at: int) -> float:
        """Return the share of the pairs before a period, counted from 0."""
        return self.start + (1 - self.start) * at / self.periods


def _find_places(new: IntArray, old: IntArray) -> IntArray:
    """Return, for each dataset index in ``new``, its position in ``old`` or -1."""
    return invert_index(old, int(max(new.max(initial=0), old.max(initial=0))) + 1)[new]


def _find_recent(before: Split, after: Split, users: IntArray, items: IntArray) -> BoolArray:
    """Return which training pairs of a split are not in that of the step before."""
    old, new = before.train.interactions, after.train.interactions
    width = old.n_items + 1
    keys = (users[new.users].astype(np.int64) + 1) * width + items[new.items] + 1
    known = (old.users.astype(np.int64) + 1) * width + old.items + 1
    # Entities that are new have the place 0, which no old pair has.
    return ~np.isin(keys, known)
