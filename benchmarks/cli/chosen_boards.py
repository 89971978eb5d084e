"""The boards that a command is asked for: records read, names refused, boards built."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...datasets.errors import ColdbenchError
from ..plugins.registry import describe_unknown
from ..records.headline import HEADLINE
from ..records.partial_records import make_cut
from ..records.record import Cut, RunRecord, read_all
from ..reports.board import Board
from ..reports.group_records import build_boards
from ..reports.single_split import make_pair_in
from ..terminal.complaint import complain


def read_for_boards(home: Path, metric: str | None) -> list[RunRecord]:
    """Return the records of a folder as far as boards of a metric, by default the headline, need.

    Raises
    ------
    ColdbenchError
        When there are none.
    """
    cut = make_cut([metric]) if metric else make_cut([HEADLINE], others=True)
    records = read_records(home, cut)
    if not records:
        raise ColdbenchError(f"no record in {home}; make one with: coldbench run method=popularity")
    return records


def build_chosen(
    records: Iterable[RunRecord],
    home: Path,
    metric: str | None,
    scenario: str | None,
    datasets: Sequence[str],
) -> list[Board]:
    """Return the boards of the chosen scenario and datasets; None and none are all."""
    return build_boards(
        [one for one in records if not datasets or one.dataset in datasets],
        metric=metric,
        scenario=scenario,
        pair_in=make_pair_in(home),
    )


def read_records(home: Path, cut: Cut | None = None) -> list[RunRecord]:
    """Return the records of a folder; one that cannot be read is reported and left out."""
    found = []
    for one in read_all(home, cut):
        if isinstance(one, ColdbenchError):
            complain(str(one))
        else:
            found.append(one)
    return found


def refuse_unknown_names(
    asked: Iterable[tuple[str, str | None]], records: Sequence[RunRecord], home: Path
) -> None:
    """Refuse names that no record holds.

    Parameters
    ----------
    asked
        What it is, ``dataset``, ``scenario``, ``task`` or ``metric``, and its name; None is any.

    Raises
    ------
    ColdbenchError
        With the nearest names that there are.
    """
    wanted = [(what, name) for what, name in asked if name is not None]
    held = {
        "dataset": {one.dataset for one in records},
        "scenario": {one.scenario for one in records},
        "task": {task for one in records for task in one.scores},
        "metric": {name for one in records for task in one.scores.values() for name in task},
    }
    if any(what == "metric" and name not in held["metric"] for what, name in wanted):
        held["metric"] = _metrics(home)  # the other names were not read
    for what, name in wanted:
        if held[what] and name not in held[what]:
            raise ColdbenchError(describe_unknown(what, name, held[what]))


def _metrics(home: Path) -> set[str]:
    """Return the names of all values that the records of a folder hold."""
    records = (one for one in read_all(home) if isinstance(one, RunRecord))
    return {name for one in records for task in one.scores.values() for name in task}
