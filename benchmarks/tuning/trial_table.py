"""The finished trials of a search as rows, and as the CSV whose hash is in the record of a run."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...datasets.validation_score import GROUPS


@dataclass(frozen=True)
class TrialRow:
    """One finished trial.

    Attributes
    ----------
    number
        From 0, which has the method's own settings.
    state
        ``complete``, ``pruned`` or ``failed``.
    objective
        The validation that is maximised; None where it is not complete.
    seconds
        Wall-clock time.
    settings
        The searched fields, as they are typed.
    groups
        Validation by group of tasks.
    reason
        Why it is not complete.
    """

    number: int
    state: str
    objective: float | None
    seconds: float
    settings: dict[str, Any]
    groups: dict[str, float]
    reason: str


def list_rows(trials: Sequence[Any]) -> list[TrialRow]:
    """Return Optuna's finished trials as rows, by number."""
    states = {"COMPLETE": "complete", "PRUNED": "pruned"}
    return [
        TrialRow(
            number=one.number,
            state=states.get(one.state.name, "failed"),
            objective=one.value if one.state.name == "COMPLETE" else None,
            seconds=one.user_attrs.get("seconds", 0.0),
            settings=one.user_attrs.get("settings", {}),
            groups=one.user_attrs.get("groups", {}),
            reason=one.user_attrs.get("reason", ""),
        )
        for one in sorted(trials, key=lambda one: one.number)
    ]


def find_best(rows: Sequence[TrialRow]) -> TrialRow | None:
    """Return the trial of the highest objective, the earlier of two; None where none has one."""
    complete = [one for one in rows if one.objective is not None]
    return max(complete, key=lambda one: (one.objective, -one.number), default=None)


def format_rows(rows: Sequence[TrialRow]) -> str:
    """Return the trials as CSV: number, state, objective, seconds, fields, groups, reason."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = list(dict.fromkeys(name for one in rows for name in one.settings))
    groups = [name for name in GROUPS if any(name in one.groups for one in rows)]
    writer.writerow(["trial", "state", "objective", "seconds", *names, *groups, "reason"])
    for one in rows:
        writer.writerow(
            [
                one.number,
                one.state,
                "" if one.objective is None else repr(one.objective),
                one.seconds,
                *(one.settings.get(name, "") for name in names),
                *(f"{one.groups[name]:.6f}" if name in one.groups else "" for name in groups),
                one.reason,
            ]
        )
    return text.getvalue()
