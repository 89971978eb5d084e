"""The boards that a command is asked for: records read, names refused, boards built."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from ...datasets.errors import ColdbenchError
from ..plugins.registry import describe_unknown
from ..records.headline import HEADLINE
from ..records.partial_records import make_cut
from ..records.record import Cut, RunRecord, read_all
from ..reports.board import Board
from ..reports.controls import is_control
from ..reports.group_records import build_boards
from ..reports.single_split import make_pair_in
from ..terminal.complaint import complain


def read_for_boards(
    home: Path,
    metric: str | None,
    scenario: str | None = None,
    datasets: Sequence[str] = (),
    *,
    controls: bool = False,
) -> list[RunRecord]:
    """Return the records of a folder as far as boards of a metric, by default the headline, need.

    Parameters
    ----------
    scenario, datasets
        Only their folders are read; None and none are all.
    controls
        With those of the controls of the datasets.

    Raises
    ------
    ColdbenchError
        When there are none, or the scenario or a dataset has none, with the nearest names.
    """
    there = {path.parent.parent for path in home.glob("*/*/*/*.json")}
    if not there:
        raise ColdbenchError(f"no record in {home}; make one with: coldbench run method=popularity")
    _refuse_unknown("scenario", [scenario] if scenario else [], {one.parent.name for one in there})
    _refuse_unknown("dataset", datasets, {one.name for one in there})
    chosen = [
        one
        for one in sorted(there)
        if scenario in (None, one.parent.name)
        and (not datasets or _is_chosen(one.name, datasets, controls))
    ]
    cut = make_cut([metric]) if metric else make_cut([HEADLINE], others=True)
    records = read_records(home, cut, chosen)
    if not records:
        of = f" of {','.join(datasets)}" if datasets else ""
        under = f" under {scenario}" if scenario else ""
        raise ColdbenchError(
            f"no run{of}{under} in {home}; `coldbench leaderboard` shows what there is"
        )
    return records


def build_chosen(records: Iterable[RunRecord], home: Path, metric: str | None) -> list[Board]:
    """Return the boards of the records that were read."""
    return build_boards(records, metric=metric, pair_in=make_pair_in(home))


def read_records(
    home: Path, cut: Cut | None = None, boards: Sequence[Path] | None = None
) -> list[RunRecord]:
    """Return the records of a folder, or of some boards of it.

    One that cannot be read is reported and left out.
    """
    found = []
    for one in read_all(home, cut, boards):
        if isinstance(one, ColdbenchError):
            complain(str(one))
        else:
            found.append(one)
    return found


def refuse_unknown_values(
    task: str | None, metric: str | None, records: Sequence[RunRecord], home: Path
) -> None:
    """Refuse a task or a metric that no record holds; None is any.

    Raises
    ------
    ColdbenchError
        With the nearest names that there are.
    """
    if task is not None:
        _refuse_unknown("task", [task], {name for one in records for name in one.scores})
    if metric is not None and metric not in _list_metrics(records):
        every = _list_metrics(one for one in read_all(home) if isinstance(one, RunRecord))
        _refuse_unknown("metric", [metric], every)  # the other names were not read


def _is_chosen(name: str, datasets: Sequence[str], controls: bool) -> bool:
    return name in datasets or (controls and any(is_control(name, one) for one in datasets))


def _refuse_unknown(what: str, asked: Iterable[str], held: Collection[str]) -> None:
    for name in asked:
        if held and name not in held:
            raise ColdbenchError(describe_unknown(what, name, held))


def _list_metrics(records: Iterable[RunRecord]) -> set[str]:
    return {name for one in records for task in one.scores.values() for name in task}
