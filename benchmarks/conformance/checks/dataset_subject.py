"""The dataset under examination, loaded once whatever the number of checks."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ....datasets.dataset import Dataset, check_dataset
from ...plugins.registry import OWN, list_offers
from .check_result import NotReached
from .split_subject import SplitSubject


@dataclass
class DatasetSubject(SplitSubject):
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

    kind: ClassVar[str] = "datasets"
    leak_remedy: ClassVar[str] = (
        "take out what is made from interactions, or declare its provenance"
    )
    movement_remedy: ClassVar[str] = "let nothing be counted, weighted or scaled over all entities"

    name: str
    source: Any
    scenarios: dict[str, Any] = field(default_factory=lambda: list_own_scenarios())
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
            self._loaded = check_dataset(self.source.load())
            self._failure = ""
        return self._loaded

    @property
    def examined(self) -> Any:
        """The source."""
        return self.source

    @property
    def combinations(self) -> dict[str, tuple[Any, Dataset]]:
        """Each scenario with what the source loads."""
        return {name: (scenario, self.data) for name, scenario in self.scenarios.items()}


def list_own_scenarios() -> dict[str, Any]:
    """Return every scenario of coldbench with its defaults, by name."""
    known = list_offers("scenarios")
    return {
        name: one.target() for name, one in known.items() if one.target and one.distribution == OWN
    }
