"""Which settings of a method or scenario may be shown: by their declared type, not their name."""

import dataclasses
from typing import Any, get_type_hints

from ...datasets.parameters import values_in
from ..plugins.registry import list_offers

OWN_TEXT = "(own text)"
"""Stands for a text that somebody typed: it may hold a path or a secret."""


def find_settings(kind: str, name: str, settings: Any) -> dict[str, Any]:
    """Return the settings of an offered class as they may be shown.

    Numbers, booleans, the values of an enum and texts that are the default of their field
    stay; every other text becomes ``OWN_TEXT``. The settings of a class that is not installed
    here lose all their texts.

    Parameters
    ----------
    kind, name
        As for ``registry.find``.
    settings
        The class's fields as a record holds them.
    """
    offer = list_offers(kind).get(name)
    return _fields_of(offer.target if offer else None, settings or {})


def hide_own_texts(settings: Any) -> Any:
    """Return settings of which nothing is declared: every text in them becomes ``OWN_TEXT``."""
    if isinstance(settings, dict):
        return {key: hide_own_texts(one) for key, one in settings.items()}
    return _without_own_text(settings, set())


def _fields_of(target: Any, settings: dict[str, Any]) -> dict[str, Any]:
    known = dataclasses.is_dataclass(target)
    hints = get_type_hints(target) if known else {}
    declared = {one.name: one for one in dataclasses.fields(target)} if known else {}
    shown = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            shown[key] = _fields_of(hints.get(key), value)
        else:
            words = set(values_in(hints.get(key))) | _default_words(declared.get(key))
            shown[key] = _without_own_text(value, words)
    return shown


def _without_own_text(value: Any, words: set[str]) -> Any:
    if isinstance(value, list):
        return [_without_own_text(one, words) for one in value]
    return OWN_TEXT if isinstance(value, str) and value not in words else value


def _default_words(field: "dataclasses.Field[Any] | None") -> set[str]:
    """Return the texts in a field's default."""
    if field is None:
        return set()
    value: Any = field.default
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    values = value if isinstance(value, (list, tuple)) else [value]
    return {one for one in values if isinstance(one, str)}
