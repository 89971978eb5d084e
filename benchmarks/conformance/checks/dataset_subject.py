"""The dataset under examination, loaded once whatever the number of checks."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ....datasets.dataset import Dataset, checked
from ....datasets.errors import SplitError
from ....datasets.world import Split
from ...plugins.registry import OWN, offers
from .outcome import NotReached


@dataclass
class DatasetSubject:
    """A source of data with what it loads.

    Parameters
    ----------
    name
        The name under which it is examined.
    source
        An instance with its settings.
    scenarios
        What it is split by; by default each of coldbench's own with its defaults.
    seed
        The split seed.
    """

    name: str
    source: Any
    scenarios: dict[str, Any] = field(default_factory=lambda: own_scenarios())
    seed: int = 0
    _failure: str = field(default="", init=False)
    _loaded: Dataset | None = field(default=None, init=False)

    @property
    def exemptions(self) -> dict[str, str]:
        """None: a dataset is exempt from nothing."""
        return {}

    @property
    def data(self) -> Dataset:
        """What it loads.

        Raises
        ------
        NotReached
            When loading failed before.
        """
        if self._failure:
            raise NotReached(self._failure)
        if self._loaded is None:
            self._failure = "load failed"
            self._loaded = checked(self.source.load())
            self._failure = ""
        return self._loaded

    @cached_property
    def splits(self) -> tuple[dict[str, Split], dict[str, str]]:
        """The splits by scenario, and the refusals of those that cannot split it."""
        made, refused = {}, {}
        for name, scenario in self.scenarios.items():
            try:
                made[name] = scenario.split(self.data, self.seed)
            except SplitError as error:
                refused[name] = str(error)
        for name in [name for name, split in made.items() if not split.test]:
            refused[name] = "it asks nobody: no test task has a user"
            del made[name]
        return made, refused


def own_scenarios() -> dict[str, Any]:
    """Return every scenario of coldbench with its defaults, by name."""
    known = offers("scenarios")
    return {
        name: one.target() for name, one in known.items() if one.target and one.distribution == OWN
    }


def lines(findings: dict[str, list[Any]]) -> str:
    """Return what was found, by place, as one text of a row."""
    return "; ".join(f"{place}: {one}" for place, every in findings.items() for one in every)
