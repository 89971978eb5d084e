"""The scenario under examination, with the splits that it makes of some datasets."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ....datasets.dataset import Dataset
from ....datasets.errors import SplitError
from ....datasets.sources.films.movietweetings import MovieTweetings
from ....datasets.sources.planted.source import Planted
from ....datasets.world import Split
from ...evaluation.validation import split
from ..audits.split_audit import exemptions
from .outcome import NotReached


@dataclass
class ScenarioSubject:
    """A scenario with its settings.

    Parameters
    ----------
    name
        The name under which it is examined.
    scenario
        An instance.
    worlds
        The datasets that it splits; by default a planted and the embedded one.
    seed
        The split seed.
    """

    name: str
    scenario: Any
    worlds: dict[str, Dataset] = field(
        default_factory=lambda: {
            "planted": Planted(n_users=300, n_items=300, n_topics=6).load(),
            "movietweetings": MovieTweetings().load(),
        }
    )
    seed: int = 0

    @property
    def exemptions(self) -> dict[str, str]:
        """Checks that the class exempts itself from, with its reasons."""
        exempt = getattr(self.scenario, "exempt", {})
        return exempt if isinstance(exempt, dict) else {}

    @property
    def exempt_rules(self) -> dict[str, str]:
        """Rules of the leak suite that a scenario of coldbench breaks on purpose."""
        return dict(exemptions(self.scenario))

    @cached_property
    def tries(self) -> tuple[dict[str, Split], dict[str, str]]:
        """The splits by dataset, and the refusals of the datasets that it cannot split."""
        made, refused = {}, {}
        for name, data in self.worlds.items():
            try:
                made[name] = split(data, self.scenario, self.seed)
            except SplitError as error:
                refused[name] = str(error)
        for name in [name for name, one in made.items() if not one.test]:
            refused[name] = "it asks nobody: no test task has a user"
            del made[name]
        return made, refused

    @property
    def splits(self) -> dict[str, Split]:
        """The splits by dataset.

        Raises
        ------
        NotReached
            When there is none.
        """
        try:
            made = self.tries[0]
        except Exception as error:
            raise NotReached("split failed") from error
        if not made:
            raise NotReached("no dataset was split")
        return made
