"""What all scenarios share: the settings, and the way from a dataset to a split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from typing import ClassVar

import numpy as np

from ..dataset import Dataset
from ..errors import SplitError
from ..interactions import Interactions
from ..parameters import check_parameters, parameter
from ..side_information import Side, Track
from ..splitmix import Hashes
from ..world import Holdout, Resources, SideMode, Split, TrainView
from .cuts.cut import STAGES, TEST, Cut
from .cuts.published import cut_as_published
from .cuts.random_cut import Fractions, cut_randomly
from .cuts.temporal_cut import cut_by_time
from .seeded_hash import hash_ids
from .settings import (
    PublishedFormat,
    Strategy,
    Task,
    check_fractions,
    check_quantiles,
    check_seed,
    parse_choice,
)
from .split_facts import count_facts
from .split_fingerprint import hash_split, list_sections
from .tasks.sampled_negatives import sample_negatives
from .tasks.stage import Stage, Tasks
from .tasks.support import Order
from .views.training_world import TrainingWorld, build_world

ONE_THREAD = Resources()


@dataclass
class Scenario:
    """The settings of a split; a subclass says who is cold and builds its tasks.

    Attributes
    ----------
    version
        Raised by whatever changes a split or a score.
    name
        First part of the task names.
    cold_users, cold_items
        Which sides have cold entities.
    """

    version: ClassVar[int] = 2
    name: ClassVar[str]
    cold_users: ClassVar[bool] = False
    cold_items: ClassVar[bool] = False

    strategy: Strategy = parameter(Strategy.RANDOM, "how the cut is made")
    side_information: SideMode = parameter(
        SideMode.INDUCTIVE, "transductive shows side information of cold entities during training"
    )
    track: Track = parameter(Track.STRICT, "open admits side information written by users")
    task: Task = parameter(
        Task.RANKING,
        "ranking of positives, rating of every rated pair, or click: positives against as many "
        "sampled items",
    )
    train_fraction: float = parameter(
        0.8, "random: share of a user's warm pairs to train on", above=0, below=1
    )
    validation_fraction: float = parameter(
        0.1, "random: share of a user's warm pairs to validate", above=0, below=1
    )
    test_fraction: float = parameter(
        0.1, "random: share of a user's warm pairs to test", above=0, below=1
    )
    quantiles: list[float] = parameter(
        [0.8, 0.9], "temporal: shares of the pairs before the two cut-offs", above=0, below=1
    )
    files: str | None = parameter(None, "published: folder of the split files")
    format: PublishedFormat = parameter(PublishedFormat.ALDI, "published: whose files they are")

    def __post_init__(self) -> None:
        """Read choices that are given by their value, as ``Grid(strategy="temporal")``."""
        for one in fields(self):
            kind = type(one.default)
            if issubclass(kind, Enum):
                setattr(self, one.name, parse_choice(one.name, kind, getattr(self, one.name)))

    def split(self, data: Dataset, seed: int, resources: Resources = ONE_THREAD) -> Split:
        """Cut a dataset into a training data, validation tasks and test tasks.

        The split knows no metric: ``train.validate`` refuses until the harness attaches it.

        Parameters
        ----------
        data
            A loaded dataset.
        seed
            Of every random choice; also the seed of the training data. 0 or more.
        resources
            Handed on to the method.

        Raises
        ------
        SplitError
            For settings that make no sense, or a dataset that they cannot split.
        DataError
            For a published split that does not fit the dataset, with file and line.
        """
        self.check()
        seed = check_seed(seed)
        rating = self.task is Task.RATING
        cut = self._cut(data, data.interactions if rating else data.positives, seed)
        cut = self._settle(cut)
        world = build_world(data, cut, self.track, self.side_information, rating=rating)
        keys = _keys(data)
        built = self._build(world, Order(cut.pairs, *keys, seed))
        stages = {stage: _with_users(tasks) for stage, tasks in built.items()}
        if self.task is Task.CLICK:
            stages = {
                stage: {
                    name: sample_negatives(one, *keys, seed, STAGES[stage])
                    for name, one in tasks.items()
                }
                for stage, tasks in stages.items()
            }
        _refuse_unasked(stages["test"], cut, self)
        train = self._train(world, seed, resources)
        content = list_sections(train, stages, (world.user_rows, world.item_rows))
        return Split(
            train=train,
            validation=stages["validation"],
            test=stages["test"],
            users=world.user_rows,
            items=world.item_rows,
            fingerprint=hash_split(content, data.user_ids, data.item_ids, cut.files),
            facts=count_facts(data, world, built),
        )

    def check(self) -> None:
        """Refuse settings that are out of bounds or make no sense together."""
        check_parameters(self, error=SplitError)
        check_fractions(self.train_fraction, self.validation_fraction, self.test_fraction)
        check_quantiles(self.quantiles)

    def check_item_shots(self, name: str, shots: list[int]) -> None:
        """Refuse shots of items in a temporal split: they would show one query's future."""
        if self.strategy is Strategy.TEMPORAL and max(shots) > 0:
            raise SplitError(
                f"{name}={shots} with strategy=temporal would show interactions of new items that "
                f"happen after some of the queries; use {name}=[0] or strategy=random"
            )

    def tasks(self, stage: Stage) -> Tasks:
        """Return the tasks of one stage by name; without users they are left out later."""
        raise TypeError(f"{type(self).__name__} does not define tasks")

    def validates(self, task: str) -> bool:
        """Say whether a validation task counts for early stopping: the cold ones do."""
        return not task.startswith("warm/") and "/all/" not in task

    def steps(self) -> "Sequence[Scenario]":
        """Return the scenarios whose training data a fit goes through, this one last."""
        return [self]

    def _cut(self, data: Dataset, pairs: Interactions, seed: int) -> Cut:
        """Return the cut of the chosen strategy."""
        if self.strategy is Strategy.TEMPORAL:
            return cut_by_time(pairs, self.quantiles)
        if self.strategy is Strategy.PUBLISHED:
            self._refuse_published()
            return cut_as_published(data, pairs, self.files, self.format)
        cold = getattr(self, "cold_fraction", 0.0)
        return cut_randomly(
            pairs,
            *_keys(data),
            seed,
            Fractions(cold, self.validation_fraction, self.test_fraction),
            cold_users=self.cold_users,
            cold_items=self.cold_items,
        )

    def _settle(self, cut: Cut) -> Cut:
        """Return the cut without what the scenario does not ask about."""
        return cut.settled(cold_users=self.cold_users, cold_items=self.cold_items)

    def _refuse_published(self) -> None:
        if self.cold_users:
            raise SplitError(
                f"strategy=published with format={self.format.value} has cold items only and "
                f"scenario {self.name} needs cold users; use scenario=new_item or strategy=random"
            )
        if not self.cold_items and self.format is PublishedFormat.HEATER:
            raise SplitError(
                "strategy=published with format=heater holds back no pair of a warm item; "
                "use scenario=new_item, or format=aldi"
            )

    def _build(self, world: TrainingWorld, order: Order) -> dict[str, Tasks]:
        forward = self.strategy is Strategy.TEMPORAL
        return {
            stage: self.tasks(Stage(world, order, part, forward)) for stage, part in STAGES.items()
        }

    def _train(self, world: TrainingWorld, seed: int, resources: Resources) -> TrainView:
        transductive = self.side_information is SideMode.TRANSDUCTIVE
        return TrainView(
            interactions=world.interactions,
            users=world.users,
            items=world.items,
            graph=world.graph,
            unseen_users=world.unseen(Side.USER) if transductive else None,
            unseen_items=world.unseen(Side.ITEM) if transductive else None,
            seed=seed,
            resources=resources,
        )


def _keys(data: Dataset) -> tuple[Hashes, Hashes]:
    return hash_ids(data.user_ids), hash_ids(data.item_ids)


def _with_users(tasks: Mapping[str, Holdout]) -> dict[str, Holdout]:
    return {name: task for name, task in tasks.items() if len(task.users)}


def _refuse_unasked(test: Mapping[str, Holdout], cut: Cut, scenario: Scenario) -> None:
    """Refuse a split whose cold entities have test pairs of which no task can ask."""
    at = np.flatnonzero(cut.parts == TEST)
    cold = (cut.users[cut.pairs.users[at]] == TEST) | (cut.items[cut.pairs.items[at]] == TEST)
    evaluated = [name for name in test if not name.startswith(("warm/", "earlier/"))]
    if not evaluated and bool(cold.any()):
        raise SplitError(
            f"scenario {scenario.name} has no cold test entity with an interaction to hold back "
            f"beyond shots={getattr(scenario, 'shots', [0])}; use fewer shots or more data"
        )
