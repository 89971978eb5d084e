"""A paper's table as data: its values, its protocol, and the runs of ours next to it."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...records.record import RunRecord


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
    """One method as the paper prints it; a value that it does not give is NaN.

    Attributes
    ----------
    label, values, group
        As printed; rows of a group share a heading.
    ours, track
        The method or preset of ours that is compared with it, and on which track; empty if none is.
    because
        Which input of ours is not the paper's, if one is known: why the values may differ.
    """

    label: str
    values: tuple[float, ...]
    group: str = ""
    ours: str = ""
    track: str = "strict"
    because: str = ""


@dataclass(frozen=True)
class PaperTable:
    """A paper's table and the runs of ours that belong next to it.

    Attributes
    ----------
    name, title, source
        Its name here, what it is, and where its values were read.
    dataset, scenario, settings
        What our runs are made on; ``settings`` are fields of the scenario.
    runs, seeds
        The methods that ``coldbench table NAME --run`` runs, by track, and the seeds. What reads no
        side information of users' making would do the same on the open track and stands on the
        strict.
    files
        What ``scenario.files`` must be; empty where the split is made from the seed.
    differs
        Sentences: what is not equal between the paper's rows and ours.
    """

    name: str
    title: str
    source: str
    dataset: str
    scenario: str
    settings: dict[str, str | int | float | bool]
    runs: dict[str, tuple[str, ...]]
    seeds: tuple[int, ...]
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
        where = [f"scenario.files={folder}"] if self.files else []
        what = [f"method={','.join(self.runs[track])}", f"dataset={self.dataset}"]
        how = [f"scenario.track={track}", f"seed={','.join(map(str, self.seeds))}"]
        return [*what, f"scenario={self.scenario}", *settings, *where, *how]


def format_value(value: float) -> str:
    """Return a value as tables print it, ``-`` for one that is not given."""
    return "-" if math.isnan(value) else f"{value:.4f}"
