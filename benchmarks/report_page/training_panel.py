"""Learning curves: the losses and the validations that records hold of each training."""

from collections.abc import Iterator
from typing import Any

from ..reports.board import Board
from .plain_numbers import shorten_number

DEPTH = 4
"""How deep in the report of a method a training may stand."""
GROUP = "group/"


def collect_training(board: Board, most: int | None = None) -> list[dict[str, Any]]:
    """Return the trainings of every run that reports losses, rows by their place on the board.

    ``most``: of so many runs of a row, those of the lowest seeds; None for all.
    """
    return [
        {"row": at, "seed": record.seed, **described}
        for at, row in enumerate(board.rows)
        for record in sorted(row.records, key=lambda one: one.seed)[:most]
        for described in _find_trainings(record.training)
    ]


def _find_trainings(report: Any) -> Iterator[dict[str, Any]]:
    """Yield what a report says of each training; a method may have several, by name."""
    for name, one in _walk(report, "", DEPTH):
        described = _describe(name, one)
        if described["losses"] or described["validation"]:
            yield described


def _walk(report: Any, name: str, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(report, dict):
        return
    if isinstance(report.get("losses"), list):
        yield name, report
    elif depth:
        for key, value in report.items():
            yield from _walk(value, f"{name}/{key}".lstrip("/"), depth - 1)


def _describe(name: str, report: dict[str, Any]) -> dict[str, Any]:
    adequacy = report.get("adequacy")
    adequacy = adequacy if isinstance(adequacy, dict) else {}
    groups, parts = adequacy.get("groups"), report.get("validation_parts")
    parts = parts if isinstance(parts, dict) else {}
    kept = groups if isinstance(groups, dict) else {}
    return {
        "name": name,
        "losses": [_number(one) for one in report["losses"]],
        "every": _number(report.get("losses_every")) or 1,
        "validation": _points(report.get("validation")),
        "groups": {
            str(part).removeprefix(GROUP): _points(points)
            for part, points in parts.items()
            if str(part).startswith(GROUP)
        },
        "kept": {
            str(group): _number(one.get("epoch"))
            for group, one in kept.items()
            if isinstance(one, dict)
        },
        "epochs": _number(report.get("epochs")),
        "steps": _number(report.get("steps")),
        "chance_loss": _number(adequacy.get("chance_loss")),
    }


def _points(value: Any) -> list[list[float | None]]:
    """Return pairs (epoch, value); what is no pair of numbers is left out."""
    pairs = value if isinstance(value, list) else []
    points = [
        [_number(one[0]), _number(one[1])]
        for one in pairs
        if isinstance(one, list) and len(one) == 2
    ]
    return [one for one in points if None not in one]


def _number(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return shorten_number(value, 4 if isinstance(value, float) else 12) if number else None
