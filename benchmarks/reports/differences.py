"""The paired difference of two rows in one task: on the same splits, draw by draw."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, sqrt
from typing import TypeVar

from ..evaluation.comparison import correct_holm
from ..evaluation.spread import Spread, spread_over_draws
from .rows import Cell, Row

ALPHA = 0.05
Key = TypeVar("Key")


@dataclass(frozen=True)
class Difference:
    """One row less another, on the splits that both have.

    Attributes
    ----------
    spread
        Mean difference and its error.
    draws
        Splits that both have.
    one_sign
        Whether the difference has one sign, and is not 0, in every one of them.
    paired
        False on a single split without tables of users, where the errors of both rows are added
        as if they were independent: too wide, since the rows share users and items.
    p_holm
        After Holm's correction over the rows of the task; None where a row is not in it.
    """

    spread: Spread
    draws: int
    one_sign: bool
    paired: bool = True
    p_holm: float | None = None

    @property
    def mean(self) -> float:
        """The mean difference."""
        return self.spread.mean

    @property
    def half(self) -> float:
        """Half of its 95 % interval, which is not corrected for the number of rows."""
        return self.spread.half

    @property
    def is_nothing(self) -> bool:
        """Whether the two rows are equal in every draw."""
        return self.mean == 0 and self.spread.error == 0

    @property
    def significant(self) -> bool:
        """Whether the rows are separated: one sign in every draw, and p below 0.05."""
        return self.one_sign and self.p_holm is not None and self.p_holm < ALPHA

    def is_better(self, lower_is_better: bool) -> bool:
        """Say whether the first row is the better one, by the sign alone."""
        return self.mean < 0 if lower_is_better else self.mean > 0

    def list_values(self) -> dict[str, float | int | None]:
        """Return what a table of values says of it; no interval where that is not known."""
        known = isfinite(self.half)
        return {
            "difference": self.mean,
            "difference_low": self.mean - self.half if known else None,
            "difference_high": self.mean + self.half if known else None,
            "p_holm": self.p_holm,
            "shared_draws": self.draws,
        }


PairOnSplit = Callable[[Row, Row], Spread | None]
"""Returns the difference of two rows over the users and items of a single split."""


def compare_rows(
    first: Row, second: Row, task: str, pair_on_split: PairOnSplit | None = None
) -> Difference | None:
    """Return the first row less the second in a task; None where they share no split."""
    one, other = first.cells[task], second.cells[task]
    shared = [split for split in one.by_split if split in other.by_split]
    if not shared:
        return None
    found = [one.by_split[split].mean - other.by_split[split].mean for split in shared]
    one_sign = all(d > 0 for d in found) or all(d < 0 for d in found)
    if len(shared) > 1:
        # As if the rows were independent, which is careful: they share users and items.
        parts = [cell.variances[split] for cell in (one, other) for split in shared]
        within = sum(parts) / len(shared)
        spread = spread_over_draws(found, max(one.overlap, other.overlap), within)
        return Difference(spread, len(shared), one_sign)
    paired = pair_on_split(first, second) if pair_on_split is not None else None
    if paired is not None:
        return Difference(paired, 1, one_sign)
    return Difference(_add_errors(one, other, shared[0]), 1, one_sign, paired=False)


def _add_errors(one: Cell, other: Cell, split: str) -> Spread:
    """Return a difference from the two intervals alone, as of independent values."""
    mean = one.by_split[split].mean - other.by_split[split].mean
    error = sqrt(one.variances[split] + other.variances[split])
    # Without resampling there are no intervals, and nothing to tell two rows apart by.
    return Spread(mean, error if error > 0 or mean == 0 else inf, inf)


def correct_over_rows(
    found: Mapping[Key, Difference], family: Sequence[Key]
) -> dict[Key, Difference]:
    """Return the differences with the p-values of a family corrected by Holm's procedure."""
    corrected = correct_holm([found[key].spread.p_value for key in family])
    held = dict(zip(family, map(float, corrected), strict=True))
    return {key: replace(one, p_holm=held.get(key)) for key, one in found.items()}
