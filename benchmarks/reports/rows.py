"""One row of a leaderboard: its records, and its value in each task over the draws of the split."""

from dataclasses import dataclass, field
from functools import cached_property
from math import isnan
from statistics import fmean

from ..evaluation.spread import estimate_error, spread_over_draws
from ..plugins.registry import OWN
from ..records.record import RunRecord, Status
from .comparable import find_code_settings

ALL_TIED = 0.99
"""Share of users whose candidates all have one score, from which a row knows nothing of a task."""
FLAG = "‡"
"""Behind the name of a row whose training is flagged, wherever it is named."""


@dataclass(frozen=True)
class Draw:
    """A value on one split: its mean with the record's own interval, and the users behind it."""

    mean: float
    low: float
    high: float
    users: int


@dataclass(frozen=True)
class Cell:
    """One row's value in one task.

    Attributes
    ----------
    by_split
        Of each draw of the split, by the split's fingerprint.
    metric
        What the value is, ``ndcg@10``.
    overlap
        Size of the test side over the size of the training side, of a draw.
    """

    by_split: dict[str, Draw]
    metric: str
    overlap: float

    @property
    def draws(self) -> int:
        """How many splits have the value."""
        return len(self.by_split)

    @property
    def users(self) -> int:
        """Users of one draw, on average."""
        return round(fmean(one.users for one in self.by_split.values()))

    @property
    def fewest(self) -> int:
        """Users of the draw that has the fewest."""
        return min(one.users for one in self.by_split.values())

    @property
    def means(self) -> dict[str, float]:
        """The mean of each draw, by its split."""
        return {split: one.mean for split, one in self.by_split.items()}

    @cached_property
    def variances(self) -> dict[str, float]:
        """That of each draw's mean, by its users and items; 0 without resampling."""
        return {
            split: estimate_error(one.mean, one.low, one.high, self.metric) ** 2
            for split, one in self.by_split.items()
        }

    @property
    def mean(self) -> float:
        """The mean of the draws' means."""
        return fmean(one.mean for one in self.by_split.values())

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval."""
        return self._bounds[0]

    @property
    def high(self) -> float:
        """The upper end of the 95 % interval."""
        return self._bounds[1]

    @property
    def _bounds(self) -> tuple[float, float]:
        """The interval over the draws; that of the record where there is one draw."""
        if self.draws == 1:
            (one,) = self.by_split.values()
            return one.low, one.high
        within = fmean(self.variances.values())
        spread = spread_over_draws(list(self.means.values()), self.overlap, within)
        return spread.bounds(self.metric)


@dataclass(eq=False)
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
    def flags(self) -> dict[str, list[int]]:
        """What is flagged of its training: each sentence with the seeds that it holds for."""
        found: dict[str, list[int]] = {}
        for one in self.records:
            report = one.training.get("training")
            adequacy = report.get("adequacy") if isinstance(report, dict) else None
            for sentence in (adequacy or {}).get("flags", []):
                found.setdefault(str(sentence), []).append(one.seed)
        return found

    @property
    def name(self) -> str:
        """The label, with its mark where the training is flagged."""
        return f"{self.label} {FLAG}" if self.flags else self.label

    @property
    def tuned(self) -> str:
        """By how many trials its settings were chosen; empty without tuning."""
        trials = (self.first.tuning or {}).get("trials", self.first.tuning_trials)
        return f"tuned, {trials} trials" if trials else ""

    def is_uninformed(self, task: str) -> bool:
        """Say whether it gives all candidates of a task one score, for practically every user."""
        shares = [one.uninformed.get(task, 0.0) for one in self.records if task in one.scores]
        return bool(shares) and min(shares) >= ALL_TIED

    @property
    def marks(self) -> str:
        """What a reader must know of what it saw."""
        marks = {
            "baseline": self.reference,
            "open track": self.first.track == "open",
            "transductive": self.first.side_information == "transductive",
            "pretrained language model": self.first.family == "language_model",
            self.tuned: bool(self.tuned),
            "training flagged": bool(self.flags),
        }
        return ", ".join(name for name, holds in marks.items() if holds)

    def cost(self, name: str) -> float | None:
        """Return one entry of the cost, averaged over the finished runs that know it.

        Memory in records of schema 1 is left out: it depends on the runs before.
        """
        trusted = [one for one in self.records if name != "peak_bytes" or one.schema_ > 1]
        known = [getattr(one.cost, name) for one in trusted if one.cost is not None]
        known = [one for one in known if one is not None and not isnan(one)]
        return fmean(known) if known else None
