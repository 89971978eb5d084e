"""Scenarios of papers that ask something else than the protocol does, for their tables."""

from dataclasses import dataclass
from typing import ClassVar

from ..dataset import Dataset
from ..errors import SplitError
from ..interactions import Interactions
from ..parameters import parameter
from .cuts.cut import TEST, Cut
from .cuts.pair_cut import cut_pairs
from .cuts.query_cut import cut_queries
from .cuts.random_cut import Fractions
from .scenario import Scenario
from .scenarios import ColdScenario
from .seeded_hash import hash_ids
from .settings import Strategy, Task
from .tasks.click_task import make_click_task
from .tasks.query_tasks import make_query_tasks
from .tasks.stage import Stage, Tasks


@dataclass
class ClickThrough(Scenario):
    """Yes or no of pairs drawn one by one, as papers on click-through rates split: no cold start.

    Attributes
    ----------
    exempt
        Rules of the leak suite that it breaks on purpose, and why.
    """

    name: ClassVar[str] = "click_through"
    exempt: ClassVar[dict[str, str]] = {
        "validation_items_are_no_candidates": "the papers draw negatives from every item",
        "cold_entities_move_nothing": "which items are new is an outcome of the draw of pairs",
    }

    task: Task = parameter(Task.CLICK, "click: positives against as many sampled items")
    train_fraction: float = parameter(0.6, "share of the pairs to train on", above=0, below=1)
    validation_fraction: float = parameter(0.2, "share of the pairs to validate", above=0, below=1)
    test_fraction: float = parameter(0.2, "share of the pairs to test", above=0, below=1)

    def check(self) -> None:
        """Refuse settings that make no sense."""
        super().check()
        if self.strategy is not Strategy.RANDOM or self.task is Task.RATING:
            raise SplitError(
                f"scenario click_through draws every pair at random and asks yes or no; it cannot "
                f"have strategy={self.strategy.value} with task={self.task.value}: use "
                f"strategy=random with task=click or ranking, or another scenario"
            )

    def tasks(self, stage: Stage) -> Tasks:
        """Return ``click_through/all/k=0``."""
        return make_click_task(stage)

    def validates(self, task: str) -> bool:
        """Say yes: there is one task."""
        return True

    def _cut(self, data: Dataset, pairs: Interactions, seed: int) -> Cut:
        keys = hash_ids(data.user_ids), hash_ids(data.item_ids)
        return cut_pairs(
            pairs, *keys, seed, Fractions(0.0, self.validation_fraction, self.test_fraction)
        )

    def _settle(self, cut: Cut) -> Cut:
        """Keep new items where the draw has left some; it may leave none."""
        return cut.settled(cold_users=False, cold_items=bool((cut.items == TEST).any()))


@dataclass
class RatedQueries(ColdScenario):
    """New users rank ten of their rated items, liked or not, as papers on meta-learning ask."""

    name: ClassVar[str] = "rated_queries"
    cold_users: ClassVar[bool] = True

    query: int = parameter(10, "rated items of a new user that are ranked", minimum=2)
    lengths: list[int] = parameter(
        [13, 100], "fewest and most rated items of a user who takes part", minimum=1
    )

    def check(self) -> None:
        """Refuse settings that make no sense."""
        super().check()
        if self.strategy is not Strategy.RANDOM or self.task is not Task.RANKING:
            raise SplitError(
                f"scenario rated_queries draws users at random and ranks their rated items; it "
                f"cannot have strategy={self.strategy.value} with task={self.task.value}: use "
                f"strategy=random with task=ranking, or another scenario"
            )
        if len(self.lengths) != 2 or not self.query < self.lengths[0] <= self.lengths[1]:
            raise SplitError(
                f"lengths={self.lengths} are not two numbers, the first above query={self.query}; "
                "use for example [13,100]"
            )

    def tasks(self, stage: Stage) -> Tasks:
        """Return ``rated_queries/rated`` and, over all items, ``rated_queries/warm``."""
        return make_query_tasks(stage, self.lengths[1] - self.query)

    def validates(self, task: str) -> bool:
        """Say yes: both are of new users."""
        return True

    def _cut(self, data: Dataset, pairs: Interactions, seed: int) -> Cut:
        return cut_queries(
            data.interactions,
            data.positive,
            (hash_ids(data.user_ids), hash_ids(data.item_ids)),
            seed,
            cold=self.cold_fraction,
            query=self.query,
            lengths=(self.lengths[0], self.lengths[1]),
        )
