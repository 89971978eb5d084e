"""Leaderboards, built from the records alone.

A row is a method with one configuration; its value in a task is the mean over the draws of the
split, with an interval over these draws. Two rows are compared on the splits that both have.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from statistics import fmean
from typing import Any

from ..evaluation.task_result import Estimate
from ..records.headline import choose_metric
from ..records.record import RunRecord, Status
from .board import Board, PairIn
from .comparable import find_conditions, find_row_settings, make_key
from .labels import label_rows, title_boards
from .overlap import find_overlap
from .rows import Cell, Draw, Row


def build_boards(
    records: Iterable[RunRecord],
    *,
    metric: str | None = None,
    dataset: str | None = None,
    scenario: str | None = None,
    pair_in: PairIn | None = None,
) -> list[Board]:
    """Group records into leaderboards; only values that are comparable share one.

    Parameters
    ----------
    metric
        Which value; by default the headline, or where no record of a leaderboard has it (a rating
        task) the first that there is.
    dataset, scenario
        Keep only these names.
    pair_in
        Reads the tables of users and items that compare two rows on a single split.
    """
    kept = [
        one
        for one in records
        if dataset in (None, one.dataset) and scenario in (None, one.scenario)
    ]
    made = []
    for alike in _grouped(kept, partial(find_conditions, metric=metric or "")):
        shown = metric or choose_metric(alike)
        made += [
            _board(one, shown) for one in _grouped(alike, partial(find_conditions, metric=shown))
        ]
    made.sort(key=lambda one: (one.dataset, one.scenario))
    title_boards(made)
    for board in made:
        board.pair_in = pair_in
    return made


def _grouped(
    records: Iterable[RunRecord], settings_of: Callable[[RunRecord], dict[str, Any]]
) -> list[list[RunRecord]]:
    """Return the records with equal settings together."""
    groups: dict[str, list[RunRecord]] = {}
    for record in records:
        groups.setdefault(make_key(settings_of(record)), []).append(record)
    return list(groups.values())


def _board(records: Sequence[RunRecord], metric: str) -> Board:
    first = records[0]
    ordered = sorted(records, key=lambda one: one.started)
    groups = _grouped(ordered, find_row_settings)
    rows = [Row(one[0].method, _one_per_seed(one)) for one in groups]
    for row in rows:
        row.cells = _cells(row.records, metric)
    label_rows(rows)
    rows.sort(key=lambda row: row.label)
    # Records of one scenario name its tasks in one order; a shorter record only lacks some.
    longest = max((one.scores for row in rows for one in row.records), key=len)
    tasks = dict.fromkeys([*longest, *(task for row in rows for task in row.cells)])
    held = {task for row in rows for task in row.cells}
    shown = [task for task in tasks if task in held]
    return Board(first.dataset, first.scenario, "", metric, shown, rows)


def _one_per_seed(records: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the latest finished record of each seed, else its latest one."""
    found: dict[int, RunRecord] = {}
    for record in records:
        held = found.get(record.seed)
        if held is None or record.status is Status.OK or held.status is not Status.OK:
            found[record.seed] = record
    return [found[seed] for seed in sorted(found)]


def _cells(records: Sequence[RunRecord], metric: str) -> dict[str, Cell]:
    """Return the value of every task by split."""
    found: dict[str, dict[str, list[Estimate]]] = {}
    first: dict[str, RunRecord] = {}
    for record in records:
        for task, scores in record.scores.items():
            if metric in scores and scores[metric].mean is not None:
                by_split = found.setdefault(task, {})
                by_split.setdefault(record.split_sha256, []).append(scores[metric])
                first.setdefault(task, record)
    return {
        task: Cell(
            {split: _average(known) for split, known in by_split.items()},
            metric,
            find_overlap(first[task], task),
        )
        for task, by_split in found.items()
    }


def _average(known: Sequence[Estimate]) -> Draw:
    """Return the value on one split: the mean over the seeds that were run on it.

    Other seeds of a method on the same split are not other draws. A missing bound counts as the
    mean.
    """
    means = [one.mean or 0.0 for one in known]
    lows = [mean if one.low is None else one.low for mean, one in zip(means, known, strict=True)]
    highs = [mean if one.high is None else one.high for mean, one in zip(means, known, strict=True)]
    return Draw(fmean(means), fmean(lows), fmean(highs), round(fmean(one.n for one in known)))
