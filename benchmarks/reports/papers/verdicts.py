"""Published values less ours, and whether a row of a paper is reproduced."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...records.record import RunRecord
from ..group_records import build_boards
from ..rows import Cell, Row
from .paper_table import PaperTable, PublishedRow

REPRODUCED = "reproduced"
UNDECIDED = "undecided"
BECAUSE = "differs because"
UNEXPLAINED = "differs, unexplained"
WIDEST = 0.25
"""An interval that reaches farther than this share of a published value reproduces nothing."""


@dataclass(frozen=True)
class Difference:
    """Ours less the published value, with the 95 % interval of ours; NaN where one is not there.

    A paper's own uncertainty is not known, so the interval is too narrow if anything.
    """

    mean: float
    low: float
    high: float
    published: float = math.nan

    @property
    def given(self) -> bool:
        """Whether both values are there."""
        return not math.isnan(self.mean)

    @property
    def agrees(self) -> bool:
        """Whether the published value is in the interval of ours."""
        return self.low <= 0 <= self.high

    @property
    def decides(self) -> bool:
        """Whether the interval is narrow enough to say that ours is the published value."""
        return max(-self.low, self.high) <= WIDEST * abs(self.published)


@dataclass(frozen=True)
class Comparison:
    """A published row and a row of ours.

    Attributes
    ----------
    published, ours
        How both are called; ``ours`` with its track.
    differences
        One per column.
    verdict
        ``reproduced`` if every published value is in the interval of ours; ``undecided`` if so,
        but an interval reaches farther from it than a quarter of the value; else ``differs
        because``, of an input that is known to be another, or ``differs, unexplained``.
    because
        That input; empty where the row is reproduced or nothing is known.
    draws
        Of the split, that ours were measured on.
    """

    published: str
    ours: str
    differences: tuple[Difference, ...]
    verdict: str
    because: str
    draws: int


_NOT_GIVEN = Difference(math.nan, math.nan, math.nan)


def compare_rows(table: PaperTable, records: Iterable[RunRecord]) -> list[Comparison]:
    """Return each published row that names a method of ours, next to each such row of ours.

    What was not run has no comparison.
    """
    kept = [record for record in records if table.takes(record)]
    metrics = dict.fromkeys(column.metric for column in table.columns)
    rows = {
        metric: [row for board in build_boards(kept, metric=metric) for row in board.rows]
        for metric in metrics
    }
    named = [row for row in table.rows if row.ours]
    return [one for row in named for one in _compare(table, row, rows)]


def _compare(
    table: PaperTable, published: PublishedRow, rows: dict[str, list[Row]]
) -> Iterator[Comparison]:
    label = " ".join(filter(None, [published.group, published.label]))
    for same in _matching(published, rows):
        differences = tuple(
            _subtract(value, same.get((column.task, column.metric)))
            for value, column in zip(published.values, table.columns, strict=True)
        )
        if any(one.given for one in differences):
            ours = f"{published.ours}, {published.track} track"
            draws = max(cell.draws for cell in same.values())
            verdict = judge(differences, published.because)
            because = published.because if verdict == BECAUSE else ""
            yield Comparison(label, ours, differences, verdict, because, draws)


def _matching(
    published: PublishedRow, rows: dict[str, list[Row]]
) -> Iterable[dict[tuple[str, str], Cell]]:
    """Return the cells of each row of ours that is meant, by task and metric."""
    found: dict[str, dict[tuple[str, str], Cell]] = {}
    for metric, some in rows.items():
        for row in some:
            name = row.first.preset or row.first.method
            if (name, row.first.track) == (published.ours, published.track) and not row.tuned:
                cells = found.setdefault(row.label, {})
                cells |= {(task, metric): cell for task, cell in row.cells.items()}
    return [cells for _, cells in sorted(found.items()) if cells]


def _subtract(published: float, ours: Cell | None) -> Difference:
    if ours is None or math.isnan(published):
        return _NOT_GIVEN
    low, high = ours.low - published, ours.high - published
    return Difference(ours.mean - published, low, high, published)


def judge(differences: Sequence[Difference], because: str) -> str:
    """Return the verdict on a row."""
    given = [one for one in differences if one.given]
    if all(one.agrees for one in given):
        return REPRODUCED if all(one.decides for one in given) else UNDECIDED
    return BECAUSE if because else UNEXPLAINED


def list_reasons(compared: Sequence[Comparison]) -> list[str]:
    """Return a sentence for each input that is known to be another, with the rows it concerns."""
    rows: dict[str, list[str]] = {}
    for one in compared:
        if one.because:
            rows.setdefault(one.because, []).append(one.published)
    return [f"{', '.join(names)}: {BECAUSE} {because}" for because, names in rows.items()]
