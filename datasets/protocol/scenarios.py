"""The scenarios of the protocol: who is cold and what is asked."""

from dataclasses import dataclass
from typing import ClassVar

from ..parameters import parameter
from .cuts.cut import TEST
from .scenario import Scenario
from .settings import check_shots
from .tasks.cold_users import make_new_user_new_item_tasks, make_new_user_tasks
from .tasks.gar_tasks import make_gar_tasks
from .tasks.stage import Stage, Tasks
from .tasks.warm_users import make_new_item_tasks, make_warm_tasks


@dataclass
class Warm(Scenario):
    """Nobody is cold: the control."""

    name: ClassVar[str] = "warm"

    def tasks(self, stage: Stage) -> Tasks:
        """Return ``warm/warm/k=0``."""
        return make_warm_tasks(stage)

    def validates(self, task: str) -> bool:
        """Say yes: the warm task is all there is."""
        return True


@dataclass
class ColdScenario(Scenario):
    """A scenario with cold entities."""

    cold_fraction: float = parameter(
        0.2,
        "random: share of a cold side's entities, half to validate and half to test",
        above=0,
        below=1,
    )


@dataclass
class NewItem(ColdScenario):
    """Items are cold, users are warm; the warm score of the same model stands next to it."""

    name: ClassVar[str] = "new_item"
    cold_items: ClassVar[bool] = True

    shots: list[int] = parameter([0], "interactions of a cold item that are shown", minimum=0)

    def check(self) -> None:
        """Refuse settings that make no sense."""
        super().check()
        check_shots("shots", self.shots)
        self.check_item_shots("shots", self.shots)

    def tasks(self, stage: Stage) -> Tasks:
        """Return ``warm/warm``, ``new_item/cold`` and ``new_item/all``."""
        return make_warm_tasks(stage) | make_new_item_tasks(stage, self.shots)


@dataclass
class NewItemGAR(NewItem):
    """The tasks of new_item and, from the same training, those of the GAR and ALDI papers.

    Attributes
    ----------
    exempt
        Rules of the leak suite that it breaks on purpose, and why.
    """

    name: ClassVar[str] = "new_item_gar"
    exempt: ClassVar[dict[str, str]] = {
        "validation_items_are_no_candidates": "the papers rank the cold items of both parts"
    }

    gar_users: int = parameter(
        2000, "users of the papers' tasks: the first of the dataset", minimum=1
    )

    def tasks(self, stage: Stage) -> Tasks:
        """Return the tasks of ``new_item`` and, in the test, ``gar/cold``, ``warm`` and ``all``."""
        papers = make_gar_tasks(stage, self.gar_users) if stage.part == TEST else {}
        return super().tasks(stage) | papers


@dataclass
class NewUser(ColdScenario):
    """Users are cold, with the first k of their interactions shown; candidates are warm items."""

    name: ClassVar[str] = "new_user"
    cold_users: ClassVar[bool] = True

    shots: list[int] = parameter(
        [0, 1, 5, 10], "interactions of a cold user that are shown", minimum=0
    )

    def check(self) -> None:
        """Refuse settings that make no sense."""
        super().check()
        check_shots("shots", self.shots)

    def tasks(self, stage: Stage) -> Tasks:
        """Return ``new_user/warm``."""
        return make_new_user_tasks(stage, self.shots)


@dataclass
class NewUserNewItem(NewUser):
    """Both sides are cold: users with k shots of warm items rank cold items."""

    name: ClassVar[str] = "new_user_new_item"
    cold_items: ClassVar[bool] = True

    def tasks(self, stage: Stage) -> Tasks:
        """Return ``new_user_new_item/cold``."""
        return make_new_user_new_item_tasks(stage, self.shots)


@dataclass
class Grid(NewUser):
    """Every task of the other scenarios, read from a single training."""

    name: ClassVar[str] = "grid"
    cold_items: ClassVar[bool] = True

    item_shots: list[int] = parameter(
        [0], "interactions of a cold item that are shown in new_item", minimum=0
    )

    def check(self) -> None:
        """Refuse settings that make no sense."""
        super().check()
        check_shots("item_shots", self.item_shots)
        self.check_item_shots("item_shots", self.item_shots)

    def tasks(self, stage: Stage) -> Tasks:
        """Return the tasks of ``warm``, ``new_item``, ``new_user`` and ``new_user_new_item``."""
        return (
            make_warm_tasks(stage)
            | make_new_item_tasks(stage, self.item_shots)
            | make_new_user_tasks(stage, self.shots)
            | make_new_user_new_item_tasks(stage, self.shots)
        )
