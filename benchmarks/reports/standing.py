"""Who is separated in one task, and from whom: the one source of "wins", "~" and "†"."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..evaluation.comparison import correct_holm
from .contenders import UNINFORMED, find_reasons_not_to_contend
from .differences import ALPHA, Difference, PairOnSplit, compare_rows, correct_over_rows
from .rows import Row


@dataclass(frozen=True)
class Standing:
    """One task of a leaderboard: every row next to the best one and to the baselines.

    Attributes
    ----------
    ranked
        The rows with a value, best mean first.
    task
        Its name.
    lower_is_better
        Which way the metric is better.
    draws_needed
        Splits that two rows must share before they count as separated; fewer where the best row
        has no more.
    pair_on_split
        Compares two rows over the users and items of a single split, where there are tables.
    """

    ranked: Sequence[Row]
    task: str
    lower_is_better: bool
    draws_needed: int = 2
    pair_on_split: PairOnSplit | None = None

    @cached_property
    def reasons_not_to_contend(self) -> dict[int, str]:
        """Why a row can neither win nor be a hurdle, by its ``id``."""
        return find_reasons_not_to_contend(self.ranked, self.task)

    @cached_property
    def contenders(self) -> list[Row]:
        """The rows that can win, best mean first."""
        return [row for row in self.ranked if id(row) not in self.reasons_not_to_contend]

    @property
    def uninformed(self) -> list[Row]:
        """The rows that give all candidates one score."""
        reasons = self.reasons_not_to_contend
        return [row for row in self.ranked if reasons.get(id(row)) == UNINFORMED]

    @property
    def best(self) -> Row | None:
        """The contender with the best mean."""
        return self.contenders[0] if self.contenders else None

    @cached_property
    def differences(self) -> dict[int, Difference]:
        """Every other row less the best one, by its ``id``; Holm over the contenders."""
        if self.best is None:
            return {}
        found = {}
        for row in self.ranked:
            if row is not self.best:
                one = compare_rows(row, self.best, self.task, self.pair_on_split)
                if one is not None:
                    found[id(row)] = one
        family = [
            id(row) for row in self.contenders if id(row) in found and not found[id(row)].is_nothing
        ]
        return correct_over_rows(found, family)

    @cached_property
    def leaders(self) -> list[Row]:
        """The best row, and those that equal it in every draw."""
        found = self.differences
        return [
            row
            for row in self.contenders
            if row is self.best or (id(row) in found and found[id(row)].is_nothing)
        ]

    @cached_property
    def not_separated(self) -> list[Row]:
        """The contenders that are not separated from the best row."""
        return [row for row in self.contenders if row not in self.leaders and not self._behind(row)]

    def _behind(self, row: Row) -> bool:
        found = self.differences.get(id(row))
        return (
            found is not None
            and found.draws >= self._draws_needed
            and found.significant
            and not found.is_better(self.lower_is_better)
        )

    @property
    def _draws_needed(self) -> int:
        drawn = self.draws_needed if self.best is None else self.best.cells[self.task].draws
        return min(self.draws_needed, drawn)

    @cached_property
    def hurdles(self) -> list[Row]:
        """The baselines that know something of the task, best mean first."""
        return [row for row in self.ranked if row.reference and row not in self.uninformed]

    @property
    def best_baseline(self) -> Row | None:
        """The baseline with the best mean among the contenders."""
        return next((row for row in self.contenders if row.reference), None)

    @cached_property
    def above_baselines(self) -> set[int]:
        """The contenders that are separated from every baseline, by their ``id``.

        Ahead of all of them is claimed: of such an intersection the largest p-value is a valid
        one, without a correction for the number of baselines (Berger 1982). Holm's is for the
        rows.
        """
        rows = [row for row in self.contenders if not row.reference]
        corrected = correct_holm([self._p_above_baselines(row) for row in rows])
        return {id(row) for row, p in zip(rows, corrected, strict=True) if p < ALPHA}

    def _p_above_baselines(self, row: Row) -> float:
        """Return the largest p-value of being ahead of a baseline; 1 where it is not of one."""
        largest = 0.0 if self.hurdles else 1.0
        for other in self.hurdles:
            one = compare_rows(row, other, self.task, self.pair_on_split)
            if one is None or one.draws < self._draws_needed or not one.one_sign:
                return 1.0
            if not one.is_better(self.lower_is_better):
                return 1.0
            largest = max(largest, one.spread.p_value)
        return largest
