"""The row of a rung on a leaderboard: what was typed by its name, with its settings or others."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .board import Board
from .comparable import TRAINER_GROUPS
from .contenders import find_defaults, find_departures, is_default
from .rows import Row

Settings = Mapping[str, Any]
_NEXT = re.compile(r" (?=\w+=)")
"""What stands between the settings behind a preset's name, whose texts may have spaces."""
_PYTHON = {"True": True, "False": False, "None": None}
"""As a preset's name has them; whoever types writes true, false and null."""


def read_setting(text: str) -> Any:
    """Return the value of a setting as it is typed: JSON, or else the text itself."""
    if text in _PYTHON:
        return _PYTHON[text]
    try:
        return json.loads(text)
    except ValueError:  # a text, which is typed without quotes
        return text


def list_settings(boards: Sequence[Board], names: Sequence[str]) -> list[str]:
    """Return the settings of the rungs that some leaderboards have, by name."""
    rows = [row for board in boards for row in board.rows if any(_is_of(row, n) for n in names)]
    return sorted({key for row in rows for key in _read_settings(row)})


def find_rung(board: Board, name: str, task: str, changed: Settings | None = None) -> Row | None:
    """Return the row of a rung in a task, None where there is none.

    Parameters
    ----------
    name
        Of a method or preset.
    changed
        Settings of the method that may depart from those of the name, and no others do. A method
        that has none of them answers with the row that it has.
    """
    held = [row for row in board.rows if task in row.cells and _is_of(row, name)]
    plain = _find_plain(held, name)
    own = {} if plain is None else _read_settings(plain)
    other = {k: v for k, v in (changed or {}).items() if k not in own or own[k] != v}
    if any(other.keys() & _read_settings(row).keys() for row in held):
        return next((row for row in held if _is_changed(row, name, other)), None)
    return plain


def _find_plain(held: Sequence[Row], name: str) -> Row | None:
    """Return what was typed so, with its settings as they are today."""
    typed = [row for row in held if name in _list_typed(row)]
    return next((row for row in typed if row.label == name or is_default(row, typed)), None)


def _read_settings(row: Row) -> dict[str, Any]:
    """Return the settings of a row's method; one that is new is in no record with its default."""
    held: dict[str, Any] = row.first.config.get("method", {})
    return (find_defaults(row.first.method) or {}) | held


def _is_of(row: Row, name: str) -> bool:
    return any(one.split(" ")[0] == name for one in _list_typed(row))


def _list_typed(row: Row) -> set[str]:
    """Return what was typed for a row: the presets, with what departs from them, or the method."""
    presets = {one.preset for one in row.records if one.preset}
    return presets or {row.first.method}


def _is_changed(row: Row, name: str, changed: Settings) -> bool:
    if any(group in row.first.config for group in TRAINER_GROUPS):
        return False
    return any(
        dict(changed) == (find_departures(row) if one == row.first.method else _read_words(one))
        for one in _list_typed(row)
        if one.split(" ")[0] == name
    )


def _read_words(preset: str) -> dict[str, Any]:
    """Return the settings behind the name of a preset, ``frozen_towers max_steps=4000``."""
    words = [word.partition("=") for word in _NEXT.split(preset)[1:]]
    return {key: read_setting(text) for key, _, text in words}
