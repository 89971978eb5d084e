"""What is examined by its splits: a dataset with scenarios, or a scenario with datasets."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from ....datasets.dataset import Dataset
from ....datasets.errors import SplitError
from ....datasets.world import Split
from ...evaluation.validation import split
from .check_result import NotReached


class SplitSubject(ABC):
    """A dataset or a scenario, with the splits that it takes part in, each made once.

    Attributes
    ----------
    kind
        ``datasets`` or ``scenarios``.
    leak_remedy, movement_remedy
        What its author can do when a split leaks, or moves with what is held back.
    """

    kind: ClassVar[str]
    leak_remedy: ClassVar[str]
    movement_remedy: ClassVar[str]
    seed: int

    @property
    @abstractmethod
    def examined(self) -> Any:
        """The instance that is examined."""

    @property
    @abstractmethod
    def combinations(self) -> Mapping[str, tuple[Any, Dataset]]:
        """Scenario and dataset by the name of the one that is not examined."""

    @property
    def exempt_rules(self) -> dict[str, str]:
        """Rules of the leak suite that it may break, with its reasons, which a clean result names.

        What a scenario of coldbench exempts itself from is left out whoever is examined.
        """
        return {}

    @cached_property
    def tries(self) -> tuple[dict[str, Split], dict[str, str]]:
        """The splits by name, and the refusals where there is none."""
        made, refused = {}, {}
        for name, (scenario, data) in self.combinations.items():
            try:
                made[name] = split(data, scenario, self.seed)
            except SplitError as error:
                refused[name] = str(error)
        for name in [name for name, one in made.items() if not one.test]:
            refused[name] = "it asks nobody: no test task has a user"
            del made[name]
        return made, refused

    @property
    def splits(self) -> dict[str, Split]:
        """The splits by name.

        Raises
        ------
        NotReached
            When there is none.
        """
        try:
            made = self.tries[0]
        except NotReached:
            raise
        except Exception as error:
            raise NotReached("split failed") from error
        if not made:
            raise NotReached("no dataset was split")
        return made
