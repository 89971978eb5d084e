"""Who is best at what, rebuilt from the records alone.

A row is a method with one configuration; its figure in a task is the mean over the split seeds.
Its interval spans the seeds' own 95 % bootstrap intervals, from the lowest bound to the highest:
which items are cold can move a figure by more than which users are asked. Two rows are compared
seed by seed, on the same split; one is clearly ahead when it is so in every seed.
"""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from .outcome import shown_metric
from .records import Figure, RunRecord, Status, run_id
from .standings import Board, Cell, Row


def boards(
    records: Iterable[RunRecord],
    *,
    metric: str | None = None,
    dataset: str | None = None,
    scenario: str | None = None,
) -> list[Board]:
    """Group records into boards; only figures that are comparable share one.

    Parameters
    ----------
    metric
        Which figure; by default the headline, or where no record of a board has it (a rating
        task) the first that there is.
    dataset, scenario
        Keep only these names.
    """
    groups: dict[str, list[RunRecord]] = {}
    for record in records:
        if dataset in (None, record.dataset) and scenario in (None, record.scenario):
            groups.setdefault(run_id(_conditions(record)), []).append(record)
    made = [_board(group, metric or shown_metric(group)) for group in groups.values()]
    made.sort(key=lambda one: (one.dataset, one.scenario))
    _title(made)
    return made


def _conditions(record: RunRecord) -> dict[str, Any]:
    """Return what must be equal for two figures to be comparable.

    What a method may see (side information, track) is not among it: the row tells that.
    """
    settings = record.config.get("scenario", {})
    seen = ("side_information", "track")
    return {
        "scenario": {name: value for name, value in settings.items() if name not in seen},
        "dataset": record.config.get("dataset", {}),
        "data": record.data_sha256[:8],
        "version": record.scenario_version,
        "names": f"{record.scenario}/{record.dataset}",
    }


def _board(records: Sequence[RunRecord], metric: str) -> Board:
    first = records[0]
    groups: dict[str, list[RunRecord]] = {}
    for record in sorted(records, key=lambda one: one.started):
        groups.setdefault(run_id(_row_settings(record)), []).append(record)
    rows = [Row(one[0].method, _one_per_seed(one)) for one in groups.values()]
    for row in rows:
        row.cells = _cells(row.records, metric)
    _label(rows)
    rows.sort(key=lambda row: row.label)
    # Records of one scenario name its tasks in one order; a shorter record only lacks some.
    longest = max((one.scores for row in rows for one in row.records), key=len)
    tasks = list(longest) + [task for row in rows for task in row.cells if task not in longest]
    held = [task for task in dict.fromkeys(tasks) if any(task in row.cells for row in rows)]
    return Board(first.dataset, first.scenario, "", metric, held, rows)


def _row_settings(record: RunRecord) -> dict[str, Any]:
    """Return what makes a row; threads and device do not."""
    return {
        "name": record.method,
        "method": record.config.get("method", {}),
        "seen": [record.side_information, record.track],
    }


def _one_per_seed(records: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the latest finished record of each seed, else its latest one."""
    found: dict[int, RunRecord] = {}
    for record in records:
        held = found.get(record.seed)
        if held is None or record.status is Status.OK or held.status is not Status.OK:
            found[record.seed] = record
    return [found[seed] for seed in sorted(found)]


def _cells(records: Sequence[RunRecord], metric: str) -> dict[str, Cell]:
    """Return the figure of every task over the seeds; a missing bound counts as the mean."""
    figures: dict[str, dict[int, Figure]] = {}
    for record in records:
        for task, scores in record.scores.items():
            if metric in scores and scores[metric].mean is not None:
                figures.setdefault(task, {})[record.seed] = scores[metric]
    return {
        task: Cell(
            {seed: _bounds(one) for seed, one in known.items()},
            round(fmean(one.n for one in known.values())),
        )
        for task, known in figures.items()
    }


def _bounds(figure: Figure) -> tuple[float, float, float]:
    mean = figure.mean or 0.0
    low = mean if figure.low is None else figure.low
    return mean, low, mean if figure.high is None else figure.high


def _label(rows: Sequence[Row]) -> None:
    """Add to the label of each row what tells it from the other rows of its method."""
    settings = {id(row): _flat(row.first.config.get("method", {})) | _seen(row) for row in rows}
    for row in rows:
        others = [settings[id(one)] for one in rows if one.first.method == row.first.method]
        row.label = " ".join([row.first.method, *_differences(settings[id(row)], others)])


def _seen(row: Row) -> dict[str, Any]:
    """Return what a row was allowed to see, as settings."""
    return {"track": row.first.track, "side_information": row.first.side_information}


def _title(made: Sequence[Board]) -> None:
    """Name each board, with what tells it from the others of its scenario and dataset."""
    settings = {id(board): _flat(_conditions(board.rows[0].first)) for board in made}
    for board in made:
        names = (board.scenario, board.dataset)
        others = [settings[id(one)] for one in made if (one.scenario, one.dataset) == names]
        told = _differences(settings[id(board)], others)
        board.title = " ".join([f"{board.scenario} / {board.dataset}", *told])


def _differences(own: dict[str, Any], others: Sequence[dict[str, Any]]) -> list[str]:
    """Return ``name=value`` of the settings in which the others differ."""
    return [
        f"{name}={value}"
        for name, value in own.items()
        if any(other.get(name) != value for other in others)
    ]


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings under dotted names."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
