"""Leaderboards, built from the records alone.

A row is a method with one configuration; its value in a task is the mean over the split seeds.
Its interval spans the seeds' own 95 % bootstrap intervals, from the lowest bound to the highest:
which items are cold can move a value by more than which users are asked. Two rows are compared
seed by seed, on the same split; one is clearly ahead when it is so in every seed.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from ..evaluation.task_result import Estimate
from ..records.headline import choose_metric
from ..records.record import RunRecord, Status
from .board import Board, Cell, Row
from .comparable import find_conditions, find_row_settings, make_key
from .labels import label_rows, title_boards


def build_boards(
    records: Iterable[RunRecord],
    *,
    metric: str | None = None,
    dataset: str | None = None,
    scenario: str | None = None,
) -> list[Board]:
    """Group records into leaderboards; only values that are comparable share one.

    Parameters
    ----------
    metric
        Which value; by default the headline, or where no record of a leaderboard has it (a rating
        task) the first that there is.
    dataset, scenario
        Keep only these names.
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
    """Return the value of every task over the seeds; a missing bound counts as the mean."""
    metric_values: dict[str, dict[int, Estimate]] = {}
    for record in records:
        for task, scores in record.scores.items():
            if metric in scores and scores[metric].mean is not None:
                metric_values.setdefault(task, {})[record.seed] = scores[metric]
    return {
        task: Cell(
            {seed: _bounds(one) for seed, one in known.items()},
            {seed: one.n for seed, one in known.items()},
        )
        for task, known in metric_values.items()
    }


def _bounds(metric_value: Estimate) -> tuple[float, float, float]:
    mean = metric_value.mean or 0.0
    low = mean if metric_value.low is None else metric_value.low
    return mean, low, mean if metric_value.high is None else metric_value.high
