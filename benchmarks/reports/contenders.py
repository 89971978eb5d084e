"""Which rows of a task can win it: those that know something of it, one setting of each method."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from statistics import fmean
from typing import Any

from ..plugins.registry import list_offers
from ..records.digests import to_jsonable
from .comparable import TRAINER_GROUPS, find_code_settings, find_update, make_key
from .rows import Row

GROUPS = {
    "new_item": "new_item",
    "new_user": "new_user",
    "new_user_new_item": "both",
    "warm": "warm",
    "earlier": "warm",
    "rated_queries": "new_user",
}
"""The group of tasks whose validation chooses the setting of a task, by its scenario."""
UNINFORMED = "all candidates tied"
ANOTHER_CHOSEN = "validation chose another setting"
NOT_DEFAULT = "not the default setting, and no validation chose among the settings"


def find_reasons_not_to_contend(rows: Sequence[Row], task: str) -> dict[int, str]:
    """Return why a row can neither win a task nor be a hurdle there, by the ``id`` of the row.

    A row with all candidates tied knows nothing of the task. Among several settings of one method
    the best test value is not a finding: only the setting that validation chose contends or,
    where records hold no validation, the default one.
    """
    held = [row for row in rows if task in row.cells]
    found = {id(row): UNINFORMED for row in held if row.is_uninformed(task)}
    for settings in group_settings(held).values():
        chosen, by_validation = choose_setting(settings, task)
        reason = ANOTHER_CHOSEN if by_validation else NOT_DEFAULT
        if len(settings) > 1:
            found |= {id(r): reason for r in settings if r is not chosen and id(r) not in found}
    return found


def group_settings(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows of one method together that differ in its settings alone.

    They have one version of its code, one view of the data and one way to update it.
    """
    found: dict[str, list[Row]] = {}
    for row in rows:
        first = row.first
        seen = [first.method, find_code_settings(first, "method")]
        key = make_key({"": [*seen, first.side_information, first.track, find_update(first)]})
        found.setdefault(key, []).append(row)
    return found


def choose_setting(rows: Sequence[Row], task: str) -> tuple[Row | None, bool]:
    """Return the setting that contends in a task, and whether validation chose it.

    The best validation value of the task's group, or of the task itself where its scenario has no
    group of its own, a mean over the draws that all the settings have; the default setting where a
    record has none.
    """
    default = next((row for row in rows if is_default(row, rows)), None)
    if len(rows) == 1:
        return rows[0], False
    values = [_validation(row, task) for row in rows]
    shared = set.intersection(*(set(one) for one in values))
    if not shared or not all(values):
        return default, False
    means = [fmean(one[split] for split in sorted(shared)) for one in values]
    best = [row for row, mean in zip(rows, means, strict=True) if mean == max(means)]
    chosen = default if default in best else min(best, key=lambda row: row.label)
    return chosen, True


def _validation(row: Row, task: str) -> Mapping[str, float]:
    """Return the validation value that stands for a task, by split."""
    group = GROUPS.get(task.split("/")[0])
    kind, name = ("tasks", task) if group is None else ("groups", group)
    known = {one.split_sha256: one.validation.get(kind, {}) for one in row.records}
    return {split: values[name] for split, values in known.items() if name in values}


def is_default(row: Row, rows: Sequence[Row]) -> bool:
    """Say whether a row has its method's default settings.

    Where the method is not installed here, the only one that was typed by the method's own name.
    """
    if any(group in row.first.config for group in TRAINER_GROUPS):
        return False
    departures = find_departures(row)
    if departures is not None:
        return not departures
    plain = [one for one in rows if one.first.preset is None]
    return len(plain) == 1 and plain[0] is row


def find_departures(row: Row) -> dict[str, Any] | None:
    """Return the settings of a row that are not its method's defaults; None if not installed."""
    defaults = find_defaults(row.first.method)
    if defaults is None:
        return None
    mine: Mapping[str, Any] = row.first.config.get("method", {})
    held = {name: mine.get(name, value) for name, value in defaults.items()}
    return {name: value for name, value in held.items() if value != defaults[name]}


def find_defaults(method: str) -> dict[str, Any] | None:
    """Return the defaults of a method's fields as a record holds them; None if not installed."""
    offer = list_offers("methods").get(method)
    if offer is None or not is_dataclass(offer.target):
        return None
    found = {}
    for one in fields(offer.target):
        made = one.default_factory() if one.default_factory is not MISSING else one.default
        if made is not MISSING:
            found[one.name] = to_jsonable(made)
    return found
