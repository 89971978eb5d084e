"""The rows of a leaderboard and who is ahead of whom."""

from dataclasses import dataclass, field
from statistics import fmean

from .records import RunRecord, Status


@dataclass(frozen=True)
class Cell:
    """One row's figure in one task, over its seeds.

    Attributes
    ----------
    by_seed
        (mean, low, high) of each seed.
    users
        Users of one seed, on average.
    """

    by_seed: dict[int, tuple[float, float, float]]
    users: int

    @property
    def seeds(self) -> int:
        """How many seeds have the figure."""
        return len(self.by_seed)

    @property
    def mean(self) -> float:
        """The mean of the seeds' means."""
        return fmean(mean for mean, _, _ in self.by_seed.values())

    @property
    def low(self) -> float:
        """The lowest bound of any seed: seeds may differ by more than the users of one do."""
        return min(low for _, low, _ in self.by_seed.values())

    @property
    def high(self) -> float:
        """The highest bound of any seed."""
        return max(high for _, _, high in self.by_seed.values())

    def clearly_above(self, other: "Cell") -> bool:
        """Say whether, in every seed of both, the interval lies above the other's mean."""
        shared = self.by_seed.keys() & other.by_seed.keys()
        return bool(shared) and all(self.by_seed[s][1] > other.by_seed[s][0] for s in shared)

    def clearly_below(self, other: "Cell") -> bool:
        """Say whether, in every seed of both, the interval lies below the other's mean."""
        shared = self.by_seed.keys() & other.by_seed.keys()
        return bool(shared) and all(self.by_seed[s][2] < other.by_seed[s][0] for s in shared)


@dataclass
class Row:
    """One method with one configuration.

    Attributes
    ----------
    label
        The method, with the settings that tell it from its other rows.
    records
        One per seed.
    cells
        Figures by task.
    """

    label: str
    records: list[RunRecord]
    cells: dict[str, Cell] = field(default_factory=dict)

    @property
    def first(self) -> RunRecord:
        """The record of the lowest seed, for what all of them share."""
        return self.records[0]

    @property
    def troubles(self) -> list[str]:
        """One sentence per reason for which seeds have no scores."""
        seeds: dict[str, list[str]] = {}
        for one in self.records:
            if one.status is not Status.OK:
                reason = f"{one.status.value.replace('_', ' ')}: {one.error}"
                seeds.setdefault(reason, []).append(str(one.seed))
        return [
            f"{self.label}, seed{'s' if len(which) > 1 else ''} {', '.join(which)}: {reason}"
            for reason, which in seeds.items()
        ]

    @property
    def marks(self) -> str:
        """What a reader must know of what it saw."""
        marks = {
            "reference": self.first.reference,
            "open track": self.first.track == "open",
            "transductive": self.first.side_information == "transductive",
            "pretrained language model": self.first.family == "language_model",
        }
        return ", ".join(name for name, holds in marks.items() if holds)

    def cost(self, name: str) -> float | None:
        """Return one entry of the cost, averaged over the finished runs that know it.

        Memory in records of schema 1 is left out: it depends on the runs before.
        """
        trusted = [one for one in self.records if name != "peak_bytes" or one.schema_ > 1]
        known = [getattr(one.cost, name) for one in trusted if one.cost is not None]
        known = [one for one in known if one is not None]
        return fmean(known) if known else None


@dataclass
class Board:
    """All rows whose figures are comparable: one dataset, one scenario, the same settings.

    Attributes
    ----------
    title
        ``grid / movietweetings``, with the settings that tell it from its other boards.
    metric
        The figure that is shown, ``ndcg@10``.
    tasks
        In the order of the records.
    """

    dataset: str
    scenario: str
    title: str
    metric: str
    tasks: list[str]
    rows: list[Row]

    @property
    def lower_is_better(self) -> bool:
        """Whether the metric is an error."""
        return self.metric.split("_")[0] in ("rmse", "mae")

    def ranking(self, task: str) -> list[tuple[int, Row, Cell]]:
        """Return (rank, row, figure), best first; equal means share a rank."""
        found = [(row, row.cells[task]) for row in self.rows if task in row.cells]
        sign = 1.0 if self.lower_is_better else -1.0
        found.sort(key=lambda pair: (sign * pair[1].mean, pair[0].label))
        means = [cell.mean for _, cell in found]
        return [(means.index(cell.mean) + 1, row, cell) for row, cell in found]

    def winners(self, task: str) -> list[Row]:
        """Return the row with the best mean, or several with exactly that mean."""
        return [row for rank, row, _ in self.ranking(task) if rank == 1]

    def not_separated(self, task: str) -> list[str]:
        """Return the rows behind the winner that are not clearly behind it in every seed."""
        ranked = self.ranking(task)
        return [r.label for rank, r, c in ranked if rank > 1 and not self._behind(c, ranked[0][2])]

    def beats_reference(self, row: Row, task: str) -> bool:
        """Say whether a row is clearly ahead of every reference row, in every seed."""
        others = [cell for _, one, cell in self.ranking(task) if one.first.reference]
        if not others or row.first.reference or task not in row.cells:
            return False
        return all(self._ahead(row.cells[task], other) for other in others)

    def _ahead(self, cell: Cell, other: Cell) -> bool:
        better = Cell.clearly_below if self.lower_is_better else Cell.clearly_above
        return better(cell, other)

    def _behind(self, cell: Cell, other: Cell) -> bool:
        worse = Cell.clearly_above if self.lower_is_better else Cell.clearly_below
        return worse(cell, other)
