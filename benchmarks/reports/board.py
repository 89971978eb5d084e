"""The rows of a leaderboard and their comparison."""

from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from ..evaluation.direction import Direction, find_direction
from ..plugins.registry import OWN
from ..records.record import RunRecord, Status
from .comparable import find_code_settings
from .winner_rules import Contest


@dataclass(frozen=True)
class Cell:
    """One row's value in one task, over its seeds.

    Attributes
    ----------
    by_seed
        (mean, low, high) of each seed.
    users_by_seed
        How many users are behind each.
    """

    by_seed: dict[int, tuple[float, float, float]]
    users_by_seed: dict[int, int]

    @property
    def users(self) -> int:
        """Users of one seed, on average."""
        return round(fmean(self.users_by_seed.values()))

    @property
    def fewest(self) -> int:
        """Users of the seed that has the fewest."""
        return min(self.users_by_seed.values())

    @property
    def seeds(self) -> int:
        """How many seeds have the value."""
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

    def is_above(self, other: "Cell", draws: int = 1) -> bool:
        """Say whether, in every seed of both, the interval lies above the other's mean.

        ``draws`` is how many seeds they must share.
        """
        # Seed by seed, never over their mean: each seed is another split with its own difficulty,
        # and what it does to one row it does to the other.
        shared = self.by_seed.keys() & other.by_seed.keys()
        return len(shared) >= draws and all(
            self.by_seed[s][1] > other.by_seed[s][0] for s in shared
        )

    def is_below(self, other: "Cell", draws: int = 1) -> bool:
        """Say whether, in every seed of both, the interval lies below the other's mean."""
        shared = self.by_seed.keys() & other.by_seed.keys()
        return len(shared) >= draws and all(
            self.by_seed[s][2] < other.by_seed[s][0] for s in shared
        )


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
        Values by task.
    """

    label: str
    records: list[RunRecord]
    cells: dict[str, Cell] = field(default_factory=dict)

    @property
    def first(self) -> RunRecord:
        """The record of the lowest seed, for what all of them share."""
        return self.records[0]

    @property
    def failure_reasons(self) -> list[str]:
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
    def reference(self) -> bool:
        """Whether the others must beat it; a plugin that calls itself one is an ordinary row."""
        return (
            self.first.reference and find_code_settings(self.first, "method").get("package") == OWN
        )

    @property
    def marks(self) -> str:
        """What a reader must know of what it saw."""
        marks = {
            "baseline": self.reference,
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
    """All rows whose values are comparable: one dataset, one scenario, the same settings.

    Attributes
    ----------
    title
        ``grid / movietweetings``, with the settings that tell it from its other leaderboards.
    metric
        The value that is shown, ``ndcg@10``.
    tasks
        In the order of the records.
    """

    dataset: str
    scenario: str
    title: str
    metric: str
    tasks: list[str]
    rows: list[Row]

    _known: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def direction(self) -> Direction:
        """Which way the metric is better."""
        return find_direction(self.metric)

    @property
    def lower_is_better(self) -> bool:
        """Whether the best value is the lowest, and rows are ordered so."""
        return self.direction is Direction.LOWER

    @property
    def has_no_ranking(self) -> bool:
        """Whether the metric has no better side, so that its order is not a ranking."""
        return self.direction is Direction.NONE

    @property
    def one_split(self) -> bool:
        """Whether the split is a paper's, of which there is one."""
        return bool(self.rows[0].first.config.get("scenario", {}).get("strategy") == "published")

    @property
    def splits_needed(self) -> int:
        """How many splits must agree before a row counts as better than another."""
        return 1 if self.one_split else 2

    @property
    def findings(self) -> list[str]:
        """What the audit of the splits found, each finding once."""
        if "findings" not in self._known:
            found = (said for row in self.rows for one in row.records for said in one.findings)
            self._known["findings"] = list(dict.fromkeys(found))
        return list(self._known["findings"])

    def candidates(self, task: str) -> int | None:
        """Return the candidates of a task in the draw with the fewest; None where unknown."""
        counts = [
            one.facts.get("candidates", {}).get(task) for row in self.rows for one in row.records
        ]
        return min((count for count in counts if count is not None), default=None)

    def draws(self, task: str) -> int:
        """Return how many different splits the best row of a task was measured on."""
        ranked = self._ordered(task)
        if not ranked:
            return 0
        _, row, cell = ranked[0]
        return len({one.split_sha256 for one in row.records if one.seed in cell.by_seed})

    def ranking(self, task: str) -> list[tuple[int, Row, Cell]]:
        """Return (rank, row, value), best first; equal means share a rank.

        A value without a better side is ordered from the highest down.
        """
        return list(self._ordered(task))

    def _ordered(self, task: str) -> list[tuple[int, Row, Cell]]:
        if ("order", task) not in self._known:
            found = [(row, row.cells[task]) for row in self.rows if task in row.cells]
            sign = 1.0 if self.lower_is_better else -1.0
            keyed = [((sign * cell.mean, row.label), row, cell) for row, cell in found]
            keyed.sort(key=lambda one: one[0])
            ranked: list[tuple[int, Row, Cell]] = []
            for at, ((mean, _), row, cell) in enumerate(keyed):
                same = at > 0 and keyed[at - 1][0][0] == mean
                ranked.append((ranked[-1][0] if same else at + 1, row, cell))
            self._known["order", task] = ranked
        return self._known["order", task]  # type: ignore[no-any-return]

    def contest(self, task: str) -> Contest:
        """Return what decides whether somebody wins a task."""
        if ("contest", task) not in self._known:
            fewest = [row.cells[task].fewest for row in self.rows if task in row.cells]
            self._known["contest", task] = Contest(
                metric=self.metric,
                users=min(fewest, default=0),
                candidates=self.candidates(task),
                draws=self.draws(task),
                splits_needed=self.splits_needed,
                has_findings=bool(self.findings),
            )
        return self._known["contest", task]  # type: ignore[no-any-return]

    def find_reasons_against_winner(self, task: str) -> list[str]:
        """Return why nobody wins a task; empty where somebody does."""
        return list(self.contest(task).reasons_against)

    def best(self, task: str) -> list[Row]:
        """Return the row with the best mean, or several with exactly that mean."""
        if self.has_no_ranking:
            return []
        return [row for rank, row, _ in self._ordered(task) if rank == 1]

    def winners(self, task: str) -> list[Row]:
        """Return the rows with the best mean of a task that has a winner."""
        return [] if self.find_reasons_against_winner(task) else self.best(task)

    def list_not_separated(self, task: str) -> list[str]:
        """Return the rows behind the winner that are not clearly behind it in every seed."""
        ranked = self._ordered(task)
        if self.find_reasons_against_winner(task):
            return []
        return [r.label for rank, r, c in ranked if rank > 1 and not self._behind(c, ranked[0][2])]

    def beats_baselines(self, row: Row, task: str) -> bool:
        """Say whether a row is clearly ahead of every baseline, in every seed."""
        if row.reference or task not in row.cells or self.find_reasons_against_winner(task):
            return False
        if ("reference", task) not in self._known:
            others = [cell for _, one, cell in self._ordered(task) if one.reference]
            self._known["reference", task] = others
        others = self._known["reference", task]
        return bool(others) and all(self._ahead(row.cells[task], other) for other in others)

    def _ahead(self, cell: Cell, other: Cell) -> bool:
        better = Cell.is_below if self.lower_is_better else Cell.is_above
        return better(cell, other, self.splits_needed)

    def _behind(self, cell: Cell, other: Cell) -> bool:
        worse = Cell.is_above if self.lower_is_better else Cell.is_below
        return worse(cell, other, self.splits_needed)
