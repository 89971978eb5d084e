"""A leaderboard: its rows, their order in each task, and who is separated there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from ..evaluation.direction import Direction, find_direction
from .differences import Difference, PairOnSplit
from .levels import compute_levels
from .rows import Cell, Row
from .standing import Standing
from .winner_rules import Contest

PairIn = Callable[["Board", str], PairOnSplit | None]
"""Returns what compares two rows of a task over the users and items of a single split."""


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
    pair_in
        Reads the tables of users and items of a single split; without it two rows of one split
        are compared by their intervals alone.
    """

    dataset: str
    scenario: str
    title: str
    metric: str
    tasks: list[str]
    rows: list[Row]
    pair_in: PairIn | None = field(default=None, repr=False, compare=False)

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
        """Return how many different splits the best contender of a task was measured on."""
        best = self.standing(task).best
        return 0 if best is None else best.cells[task].draws

    def chance(self, task: str) -> float | None:
        """Return the expected value of a random order, over the draws; None where unknown."""
        if ("chance", task) not in self._known:
            levels = {
                one.split_sha256: one.chance[task][self.metric]
                for row in self.rows
                for one in row.records
                if self.metric in one.chance.get(task, {})
            }
            self._known["chance", task] = fmean(levels.values()) if levels else None
        return self._known["chance", task]  # type: ignore[no-any-return]

    def standing(self, task: str) -> Standing:
        """Return who is separated in a task."""
        if ("standing", task) not in self._known:
            pair = self.pair_in(self, task) if self.pair_in is not None else None
            ranked = [row for _, row, _ in self._ordered(task)]
            self._known["standing", task] = Standing(
                ranked, task, self.lower_is_better, self.splits_needed, pair
            )
        return self._known["standing", task]  # type: ignore[no-any-return]

    def ranking(self, task: str) -> list[tuple[int, Row, Cell]]:
        """Return (rank, row, value), best first by ``compute_levels``; equal ones share a rank.

        A value without a better side is ordered from the highest down.
        """
        return list(self._ordered(task))

    def _ordered(self, task: str) -> list[tuple[int, Row, Cell]]:
        if ("order", task) not in self._known:
            found = [(row, row.cells[task]) for row in self.rows if task in row.cells]
            sign = 1.0 if self.lower_is_better else -1.0
            levels = compute_levels([cell.means for _, cell in found], self.lower_is_better)
            keyed = [
                ((sign * level, row.label), row, cell)
                for level, (row, cell) in zip(levels, found, strict=True)
            ]
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
                contenders=len(self.standing(task).contenders),
                beyond_chance=self._is_beyond_chance(task),
            )
        return self._known["contest", task]  # type: ignore[no-any-return]

    def _is_beyond_chance(self, task: str) -> bool:
        best, chance = self.standing(task).best, self.chance(task)
        if best is None or chance is None:
            return True
        cell = best.cells[task]
        return cell.high < chance if self.lower_is_better else cell.low > chance

    def find_reasons_against_winner(self, task: str) -> list[str]:
        """Return why nobody wins a task; empty where somebody does."""
        return list(self.contest(task).reasons_against)

    def difference(self, row: Row, task: str) -> Difference | None:
        """Return a row less the best one; None for the best row, and where they share no split."""
        return None if self.has_no_ranking else self.standing(task).differences.get(id(row))

    def best(self, task: str) -> list[Row]:
        """Return the contender with the best mean, with those that equal it in every draw."""
        return [] if self.has_no_ranking else self.standing(task).leaders

    def winners(self, task: str) -> list[Row]:
        """Return the best row of a task if every other contender is separated from it."""
        if self.find_reasons_against_winner(task) or self.standing(task).not_separated:
            return []
        return self.best(task)

    def list_not_separated(self, task: str) -> list[Row]:
        """Return the contenders behind the best row that are not separated from it."""
        if self.find_reasons_against_winner(task):
            return []
        return self.standing(task).not_separated

    def beats_baselines(self, row: Row, task: str) -> bool:
        """Say whether a row is separated from every baseline that knows something of a task."""
        if task not in row.cells or self.find_reasons_against_winner(task):
            return False
        return id(row) in self.standing(task).above_baselines
