"""The scenario under examination, with the splits that it makes of some datasets."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ....datasets.dataset import Dataset
from ....datasets.sources.films.movietweetings import MovieTweetings
from ....datasets.sources.planted.source import Planted
from ..audits.split_audit import find_exemptions
from .split_subject import SplitSubject


@dataclass
class ScenarioSubject(SplitSubject):
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

    kind: ClassVar[str] = "scenarios"
    leak_remedy: ClassVar[str] = "hide it from the training data and from every query"
    movement_remedy: ClassVar[str] = "count, draw and scale by warm entities and the seed alone"

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
        return dict(find_exemptions(self.scenario))

    @property
    def examined(self) -> Any:
        """The scenario."""
        return self.scenario

    @property
    def combinations(self) -> dict[str, tuple[Any, Dataset]]:
        """The scenario with each dataset."""
        return {name: (self.scenario, data) for name, data in self.worlds.items()}
