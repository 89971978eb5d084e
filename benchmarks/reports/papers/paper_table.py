"""A paper's table as data: its values, its protocol, and the differences."""

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ....datasets.errors import ColdbenchError
from ...plugins.registry import describe_unknown

if TYPE_CHECKING:
    from ...records.record import RunRecord

_ENDING = ".toml"
TRACKS = ("strict", "open")


@dataclass(frozen=True)
class PaperColumn:
    """One value.

    Attributes
    ----------
    head
        As the table calls it.
    task
        The task that follows the paper's protocol.
    own
        The task of our own protocol that comes nearest; the same task where they agree.
    metric
        With its cut-off, ``ndcg@20``.
    """

    head: str
    task: str
    own: str
    metric: str


@dataclass(frozen=True)
class PublishedRow:
    """One method as the paper prints it; a value that it does not give is NaN."""

    label: str
    values: tuple[float, ...]
    group: str = ""


@dataclass(frozen=True)
class PaperTable:
    """A paper's table and the runs of ours that belong next to it.

    Attributes
    ----------
    name, title, source
        Its name here, what it is, and where its values were read.
    dataset, scenario, settings
        What our runs are made on; ``settings`` are fields of the scenario.
    runs
        The methods that ``coldbench table NAME --run`` runs, by track. What reads no side
        information of users' making would do the same on the open track and stands on the strict.
    files
        What ``scenario.files`` must be.
    differs
        Sentences: what is not equal between the paper's rows and ours.
    """

    name: str
    title: str
    source: str
    dataset: str
    scenario: str
    settings: dict[str, str]
    runs: dict[str, tuple[str, ...]]
    files: str
    differs: tuple[str, ...]
    columns: tuple[PaperColumn, ...]
    rows: tuple[PublishedRow, ...]

    @property
    def has_own_protocol(self) -> bool:
        """Whether our own protocol differs from the paper's."""
        return any(column.own != column.task for column in self.columns)

    def takes(self, record: "RunRecord") -> bool:
        """Say whether a run was made on the data and the split of the table."""
        held = record.config.get("scenario", {})
        return (record.dataset, record.scenario) == (self.dataset, self.scenario) and all(
            held.get(name) == value for name, value in self.settings.items()
        )

    def words(self, folder: str, track: str) -> list[str]:
        """Return the words of ``coldbench run`` that make our runs on one track."""
        settings = [f"scenario.{name}={value}" for name, value in self.settings.items()]
        where = [f"scenario.files={folder}", f"scenario.track={track}"]
        what = [f"method={','.join(self.runs[track])}", f"dataset={self.dataset}"]
        return [*what, f"scenario={self.scenario}", *settings, *where]


def list_tables() -> list[str]:
    """Return the names of all tables."""
    folder = files(__package__)
    found = (entry.name for entry in folder.iterdir() if entry.name.endswith(_ENDING))
    return sorted(name.removesuffix(_ENDING) for name in found)


@cache
def find_table(name: str) -> PaperTable:
    """Return a table by name.

    Raises
    ------
    ColdbenchError
        When there is no such table, with the nearest name.
    """
    if name not in list_tables():
        raise ColdbenchError(describe_unknown("table", name, list_tables()))
    return _made(name, tomllib.loads((files(__package__) / f"{name}{_ENDING}").read_text("utf-8")))


def _made(name: str, content: dict[str, Any]) -> PaperTable:
    columns = tuple(PaperColumn(**{"own": one["task"]} | one) for one in content["columns"])
    rows = tuple(
        PublishedRow(one["label"], tuple(one["values"]), one.get("group", ""))
        for one in content["rows"]
    )
    runs = {track: tuple(content.pop(track)) for track in TRACKS}
    differs = tuple(content.pop("differs"))
    made = {"name": name, "columns": columns, "rows": rows, "runs": runs, "differs": differs}
    return PaperTable(**content | made)


def format_value(value: float) -> str:
    """Return a value as tables print it, ``-`` for one that is not given."""
    return "-" if math.isnan(value) else f"{value:.4f}"
