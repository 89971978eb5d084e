"""The settings of a record that depart from the defaults of its classes."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ...datasets.errors import ColdbenchError
from ..plugins.registry import GROUPS, find
from .glance import Glance


def describe_settings(record: Glance) -> str:
    """Return the method of a record, or its preset, and its settings that are no defaults.

    Settings of dataset and scenario have their group before the name: ``scenario.track=open``. The
    settings of a method that is not installed here are left out.
    """
    config = record.content.get("config") or {}
    named = dict(zip(GROUPS, (record.method, record.dataset, record.scenario), strict=True))
    words = [record.label]
    for group, name in named.items():
        if group == "method" and record.content.get("preset"):
            continue  # they are in its label
        prefix = "" if group == "method" else f"{group}."
        words += [
            f"{prefix}{key}={show_value(value)}"
            for key, value in _departures(GROUPS[group], name, config.get(group) or {})
        ]
    return " ".join(words)


def _departures(kind: str, name: str, settings: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    defaults = _defaults(kind, name)
    for key, value in settings.items():
        if key in defaults and defaults[key] != value:
            yield key, value


@lru_cache(maxsize=512)
def _defaults(kind: str, name: str) -> dict[str, Any]:
    from ..config.run_config import to_plain

    try:
        plain: dict[str, Any] = to_plain(find(kind, name)())
    except (ColdbenchError, TypeError):
        return {}
    return plain


def show_value(value: Any) -> str:
    """Return a setting as it is typed, without quotes around a text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
