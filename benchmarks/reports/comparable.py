"""Which settings must be equal for results to share a row or a leaderboard."""

import json
from typing import Any

from ..plugins.registry import GROUPS, OWN, list_own_names
from ..records.record import RunRecord

TRAINER_GROUPS = ("trainer", "callbacks")
"""What a run set of Lightning where it departs from the method: another training, another row."""
SEEN = ("side_information", "track")
"""Settings of a scenario that say what a method may see: a row tells that."""
UPDATES = ("update", "replay")
"""Those of the periods that say how a method comes to their training data: so does a row."""
SHOWN_DIGITS = 8
"""Of a hash, in a label."""


def find_row_settings(record: RunRecord) -> dict[str, Any]:
    """Return what makes a row; threads, device and commit do not.

    What a search found is a row of its own, also where it found the defaults to be the best.
    """
    return {
        "name": record.method,
        "tuned": (record.tuning or {}).get("group"),
        "method": record.config.get("method", {}),
        "seen": [record.side_information, record.track],
        "code": find_code_settings(record, "method"),
        **{group: record.config[group] for group in TRAINER_GROUPS if group in record.config},
        **find_update(record),
    }


def find_update(record: RunRecord) -> dict[str, Any]:
    """Return how a method was updated, of a scenario that has several ways."""
    settings = record.config.get("scenario", {})
    if "update" not in settings:
        return {}
    used = UPDATES if settings["update"] == "replay" else UPDATES[:1]
    return {name: settings[name] for name in used if name in settings}


def find_conditions(record: RunRecord, metric: str) -> dict[str, Any]:
    """Return what must be equal for two values to be comparable.

    What a method may see (side information, track) is not among it, nor how it was updated: the row
    tells that.
    """
    settings = record.config.get("scenario", {})
    told = SEEN + (UPDATES if "update" in settings else ())
    scenario_code = find_code_settings(record, "scenario")
    scenario_code.pop("version", None)  # stands apart, since schema 1 has it too
    return {
        "scenario": {name: value for name, value in settings.items() if name not in told},
        "dataset": record.config.get("dataset", {}),
        "data": record.data_sha256[:SHOWN_DIGITS],
        "version": record.scenario_version,
        "scenario code": scenario_code,
        "dataset code": find_code_settings(record, "dataset"),
        "metric code": find_code_settings(record, f"metric {metric.split('@')[0]}"),
        "names": f"{record.scenario}/{record.dataset}",
    }


def find_code_settings(record: RunRecord, part: str) -> dict[str, Any]:
    """Return package, version, release and source of the code of one part of a run.

    A record that does not name it counts as version 1 of coldbench where coldbench offers the
    name, else as unknown. A metric that is not named is our own.
    """
    code = record.code.get(part)
    if code is not None:
        source = code.source_sha256
        identity = {
            "package": code.package,
            "version": code.version,
            "release": code.release,
            "source": None if source is None else source[:SHOWN_DIGITS],
        }
        return {name: value for name, value in identity.items() if value is not None}
    if part not in GROUPS:
        return {}
    if getattr(record, part) in list_own_names(GROUPS[part]):
        return {"package": OWN, "version": 1}
    return {"version": "unknown"}


def make_key(settings: dict[str, Any]) -> str:
    """Return a text that is the same for equal settings alone."""
    return json.dumps(settings, sort_keys=True, default=str)
