"""What must be equal for figures to share a row, and for rows to share a board."""

import json
from typing import Any

from ..plugins.registry import GROUPS, OWN, own_names
from ..records.record import RunRecord

TRAINER_GROUPS = ("trainer", "callbacks")
"""What a run set of Lightning where it departs from the method: another training, another row."""
SHOWN_DIGITS = 8
"""Of a hash, in a label."""


def row_settings(record: RunRecord) -> dict[str, Any]:
    """Return what makes a row; threads, device and commit do not."""
    return {
        "name": record.method,
        "method": record.config.get("method", {}),
        "seen": [record.side_information, record.track],
        "code": code_settings(record, "method"),
        **{group: record.config[group] for group in TRAINER_GROUPS if group in record.config},
    }


def conditions(record: RunRecord, metric: str) -> dict[str, Any]:
    """Return what must be equal for two figures to be comparable.

    What a method may see (side information, track) is not among it: the row tells that.
    """
    settings = record.config.get("scenario", {})
    seen = ("side_information", "track")
    scenario_code = code_settings(record, "scenario")
    scenario_code.pop("version", None)  # stands apart, since schema 1 has it too
    return {
        "scenario": {name: value for name, value in settings.items() if name not in seen},
        "dataset": record.config.get("dataset", {}),
        "data": record.data_sha256[:SHOWN_DIGITS],
        "version": record.scenario_version,
        "scenario code": scenario_code,
        "dataset code": code_settings(record, "dataset"),
        "metric code": code_settings(record, f"metric {metric.split('@')[0]}"),
        "names": f"{record.scenario}/{record.dataset}",
    }


def code_settings(record: RunRecord, part: str) -> dict[str, Any]:
    """Return package, version, release and source of the code of one part of a run.

    A record that does not name it counts as version 1 of coldbench where coldbench offers the
    name, else as unknown. A metric that is not named is our own.
    """
    code = record.code.get(part)
    if code is not None:
        source = code.source_sha256
        told = {
            "package": code.package,
            "version": code.version,
            "release": code.release,
            "source": None if source is None else source[:SHOWN_DIGITS],
        }
        return {name: value for name, value in told.items() if value is not None}
    if part not in GROUPS:
        return {}
    if getattr(record, part) in own_names(GROUPS[part]):
        return {"package": OWN, "version": 1}
    return {"version": "unknown"}


def key(settings: dict[str, Any]) -> str:
    """Return a text that is the same for equal settings alone."""
    return json.dumps(settings, sort_keys=True, default=str)
