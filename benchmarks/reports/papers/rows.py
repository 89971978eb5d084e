"""The rows of a paper's table and of our runs."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ...records.record import RunRecord
from ..group_records import build_boards
from ..rows import Row
from .paper_table import PaperTable

PUBLISHED = "published"
PAPER_PROTOCOL = "ours, the paper's protocol"
OWN_PROTOCOL = "ours, our own protocol"


@dataclass(frozen=True)
class PaperLine:
    """One line of the printed table; a value that is not there is NaN."""

    part: str
    label: str
    values: tuple[float, ...]
    notes: str = ""


def build_lines(table: PaperTable, records: Iterable[RunRecord]) -> list[PaperLine]:
    """Return the published rows and, under each protocol, ours, best first in the first column.

    Ours are means over the seeds at hand; a published split is one, so their seeds are those of the
    method.
    """
    kept = [record for record in records if table.takes(record)]
    published = [
        PaperLine(f"{PUBLISHED}{f', {row.group}' if row.group else ''}", row.label, row.values)
        for row in table.rows
    ]
    found = [row for board in build_boards(kept) for row in board.rows]
    parts = [(PAPER_PROTOCOL, [(column.task, column.metric) for column in table.columns])]
    if table.has_own_protocol:
        parts.append((OWN_PROTOCOL, [(column.own, column.metric) for column in table.columns]))
    return published + [one for part, cells in parts for one in _ours(part, cells, found)]


def _ours(part: str, cells: Sequence[tuple[str, str]], rows: Sequence[Row]) -> list[PaperLine]:
    made = [
        PaperLine(part, row.label, tuple(_mean(row, *cell) for cell in cells), _notes(row))
        for row in rows
    ]
    shown = [one for one in made if not all(math.isnan(value) for value in one.values)]
    return sorted(shown, key=lambda one: (-_known(one.values[0]), one.label, one.notes))


def _known(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def _mean(row: Row, task: str, metric: str) -> float:
    """Return the mean over a row's seeds, NaN where no run has the value."""
    metric_values = (one.scores.get(task, {}).get(metric) for one in row.records)
    means = [one.mean for one in metric_values if one is not None and one.mean is not None]
    return fmean(means) if means else math.nan


def _notes(row: Row) -> str:
    seeds = sum(bool(one.scores) for one in row.records)
    return ", ".join([f"{row.first.track} track", f"{seeds} seed{'s' if seeds > 1 else ''}"])


def list_missing_runs(table: PaperTable, records: Iterable[RunRecord]) -> Iterator[str]:
    """Yield a sentence for each run of the table's list that is not at hand or has no scores."""
    kept = [record for record in records if table.takes(record)]
    for track, methods in table.runs.items():
        for method in methods:
            asked = (method, track)
            same = [one for one in kept if (one.preset or one.method, one.track) == asked]
            if not same:
                yield f"{method}, {track} track: not run"
            elif not any(one.scores for one in same):
                reason: Any = same[0].error or same[0].status.value
                status = same[0].status.value.replace("_", " ")
                yield f"{method}, {track} track: {status}: {reason}"
