"""The command that makes the runs of a row again, from the configuration in its records."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from ..config.suggestions import quote_for_shell
from ..config.trainer_groups import TrainerFlags
from ..evaluation.task_result import EvaluationSettings
from ..plugins.registry import GROUPS, list_offers
from ..records.digests import to_jsonable
from ..records.record import RunRecord
from ..reports.rows import Row

OF_THE_RUN = {"threads": 1, "device": "cpu", "devices": 1}
"""Settings of a run itself, with their defaults."""
FOLDER = "FOLDER"
"""Stands for the folder of a published split: records do not hold where it lay."""


def make_command(row: Row) -> str:
    """Return the words of ``coldbench run`` that repeat all runs of a row.

    Whatever departs from the defaults that are installed here is typed out, presets and settings
    that were found by tuning too. A record does not hold folders: that of a published split is to
    be put in.
    """
    seeds = ",".join(dict.fromkeys(str(one.seed) for one in row.records))
    several = ["-m"] if len(row.records) > 1 else []
    words = [*list_words(row.first), f"seed={seeds}"]
    return " ".join(["coldbench", "run", *several, *map(quote_for_shell, words)])


def list_words(record: RunRecord) -> list[str]:
    """Return the words that a record's configuration departs from the defaults by, but the seed."""
    words = [f"{group}={_find_option(group, record)}" for group in GROUPS]
    for group, kind in GROUPS.items():
        offer = list_offers(kind).get(_find_option(group, record))
        target = offer.target if offer is not None else None
        words += _type_departures(group, record.config.get(group, {}), _find_defaults(target))
    settings = record.config.get("scenario", {})
    if settings.get("strategy") == "published" and not settings.get("files"):
        words.append(f"scenario.files={FOLDER}")
    evaluation = _find_defaults(EvaluationSettings)
    words += _type_departures("evaluation", record.config.get("evaluation", {}), evaluation)
    words += [
        f"{name}={_type(record.config[name])}"
        for name, default in OF_THE_RUN.items()
        if record.config.get(name, default) != default
    ]
    flags = record.config.get("trainer", {})
    words += _type_departures("trainer", flags, _find_defaults(TrainerFlags))
    return words + [
        f"callbacks.{name}={_type(options)}"
        for name, options in record.config.get("callbacks", {}).items()
    ]


def _find_option(group: str, record: RunRecord) -> str:
    """Return what is typed for a group; the user's own files are the dataset ``files``."""
    name = str(getattr(record, group))
    given = record.config.get(group, {}).get("name")
    return "files" if group == "dataset" and given == name else name


def _find_defaults(target: type[Any] | None) -> dict[str, Any]:
    """Return the defaults of a class's fields as a record holds them."""
    if not is_dataclass(target):
        return {}
    found = {}
    for one in fields(target):
        made = one.default_factory() if one.default_factory is not MISSING else one.default
        if made is not MISSING:
            found[one.name] = to_jsonable(made)
    return found


def _type_departures(
    place: str, settings: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Iterator[str]:
    for name, value in settings.items():
        if name not in defaults or defaults[name] != value:
            yield f"{place}.{name}={_type(value)}"


def _type(value: Any) -> str:
    """Return a value as Hydra reads it."""
    if isinstance(value, str):
        plain = value.replace("_", "").replace("-", "").replace(".", "").isalnum()
        return value if plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{','.join(map(_type, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{_type(one)}' for key, one in value.items())}}}"
    return "null" if value is None else json.dumps(value)
