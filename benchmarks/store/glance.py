"""What a list of runs shows of a record: read in a fraction of the time, and not verified."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...datasets.errors import ColdbenchError
from ..records.shared_values import read_whole

UNREADABLE = "unreadable"
"""The status of a file that is no record; ``coldbench results verify`` says what it is."""


@dataclass(frozen=True)
class Glance:
    """A record, as far as lists of runs need it.

    Attributes
    ----------
    path
        Of its file.
    status
        ``ok``, ``failed``, ``not_applicable`` or ``unreadable``.
    seconds
        Of fit, scoring and validation; None without scores.
    content
        Everything that the file holds; empty where it is not readable.
    """

    path: Path
    status: str
    scenario: str
    dataset: str
    method: str
    seed: int | None
    started: str
    seconds: float | None
    content: dict[str, Any]

    @property
    def run_id(self) -> str:
        """The id of the run, by its file's name."""
        return self.path.stem

    @property
    def label(self) -> str:
        """The method, or its preset with the settings that depart from it."""
        return str(self.content.get("preset") or self.method)


def glance(path: Path) -> Glance:
    """Read a record without checking it; whatever cannot be read has the status ``unreadable``."""
    scenario, dataset, method = path.parts[-4:-1] if len(path.parts) > 3 else ("", "", "")
    try:
        content = json.loads(read_whole(path))
        return Glance(
            path=path,
            status=str(content["status"]),
            scenario=scenario,
            dataset=dataset,
            method=method,
            seed=int(content["seed"]),
            started=str(content["started"]),
            seconds=_seconds(content.get("cost")),
            content=content,
        )
    except (ColdbenchError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return Glance(path, UNREADABLE, scenario, dataset, method, None, "", None, {})


def glance_all(home: Path) -> Iterator[Glance]:
    """Yield every record below a folder, in the order of their paths."""
    for path in sorted(home.glob("*/*/*/*.json")):
        yield glance(path)


def _seconds(cost: dict[str, Any] | None) -> float | None:
    if not cost:
        return None
    parts = ("fit_seconds", "score_seconds", "validation_seconds")
    return sum(float(cost.get(name) or 0.0) for name in parts)
