"""The same runs in two folders: whether their values are equal to the last digit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...datasets.errors import ColdbenchError
from ..records.record import RunRecord, read_verified, record_path

PARTS = ("status", "scores", "slices", "validation", "chance", "uninformed")
"""What is compared: what was measured, not what it took or where it was made."""


@dataclass(frozen=True)
class Difference:
    """One value of a run that differs.

    Attributes
    ----------
    what
        ``scores new_item/cold/k=0 ndcg@10 mean``.
    first, second
        In either folder; None where it is not there.
    """

    what: str
    first: Any
    second: Any

    @property
    def size(self) -> float | None:
        """The second minus the first; None unless both are numbers."""
        numbers = [one for one in (self.first, self.second) if isinstance(one, (int, float))]
        return numbers[1] - numbers[0] if len(numbers) == 2 else None


@dataclass
class Comparison:
    """What two folders have in common.

    Attributes
    ----------
    equal
        How many runs have the same values.
    differing
        By place, what differs.
    first_only, second_only
        Places of runs that one folder lacks.
    problems
        A sentence for each record that cannot be believed.
    """

    equal: int = 0
    differing: dict[Path, list[Difference]] = field(default_factory=dict)
    first_only: list[Path] = field(default_factory=list)
    second_only: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def compare(first: Path, second: Path) -> Comparison:
    """Compare the values of the runs of two folders, those of the details next to them too."""
    found = Comparison()
    ours, theirs = _list_records(first), _list_records(second)
    found.first_only = sorted(ours - theirs)
    found.second_only = sorted(theirs - ours)
    for place in sorted(ours & theirs):
        try:
            pair = read_verified(first / place), read_verified(second / place)
        except ColdbenchError as error:
            found.problems.append(str(error))
            continue
        differences = list_differences(*pair)
        if differences:
            found.differing[place] = differences
        else:
            found.equal += 1
    return found


def _list_records(home: Path) -> set[Path]:
    return {path.relative_to(home) for path in home.glob("*/*/*/*.json")}


def list_differences(first: RunRecord, second: RunRecord) -> list[Difference]:
    """Return the values in which two records of a run differ, bit by bit."""
    assert record_path(Path(), first) == record_path(Path(), second)
    ours, theirs = _flatten_record(first), _flatten_record(second)
    return [
        Difference(name, ours.get(name), theirs.get(name))
        for name in [*ours, *(one for one in theirs if one not in ours)]
        if not _is_same(ours.get(name), theirs.get(name))
    ]


def _is_same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)  # undefined in both


def _flatten_record(record: RunRecord) -> dict[str, Any]:
    content = record.model_dump(mode="json", include=set(PARTS))
    return {
        " ".join([part, *names]): value
        for part in PARTS
        for names, value in _flatten(content[part])
    }


def _flatten(value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(value, dict):
        yield (), value
        return
    for key, one in value.items():
        for names, leaf in _flatten(one):
            yield (str(key), *names), leaf
