"""What rows and leaderboards are called: their names, with the settings that distinguish them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from .board import Board
from .comparable import (
    TRAINER_GROUPS,
    find_code_settings,
    find_conditions,
    find_update,
    make_key,
)
from .rows import Row

Settings = dict[str, Any]
Thing = TypeVar("Thing", Row, Board)


def label_rows(rows: Sequence[Row]) -> None:
    """Name each row: its method or preset, with what distinguishes it from the others of that name.

    A row has the name of a preset where every run that typed one typed the same.
    """
    named: dict[str, list[Row]] = {}
    for row in rows:
        presets = {one.preset for one in row.records if one.preset}
        name = presets.pop() if len(presets) == 1 else row.first.method
        named.setdefault(name, []).append(row)
    for name, group in named.items():
        for row, differences in _told_apart(group, _row_settings):
            row.label = " ".join([name, *differences])


def _row_settings(row: Row) -> Settings:
    first = row.first
    settings = _flat(first.config.get("method", {}))
    settings |= _flat({group: first.config.get(group, {}) for group in TRAINER_GROUPS})
    settings |= {"track": first.track, "side_information": first.side_information}
    settings |= find_update(first)
    for name, value in find_code_settings(first, "method").items():
        settings[f"code.{name}" if name in settings else name] = value
    return settings


def title_boards(made: Sequence[Board]) -> None:
    """Name each leaderboard, with what distinguishes it from others of its scenario and data."""
    groups: dict[tuple[str, str], list[Board]] = {}
    for board in made:
        groups.setdefault((board.scenario, board.dataset), []).append(board)
    for group in groups.values():
        for board, differences in _told_apart(group, _board_settings):
            board.title = " ".join([f"{board.scenario} / {board.dataset}", *differences])


def _board_settings(board: Board) -> Settings:
    settings = find_conditions(board.rows[0].first, board.metric)
    for part in ("scenario", "dataset", "metric"):
        settings[part] = settings.get(part, {}) | settings.pop(f"{part} code")
    return _flat(settings)


def _told_apart(
    things: Sequence[Thing], settings_of: Callable[[Thing], Settings]
) -> Iterable[tuple[Thing, list[str]]]:
    """Yield each with ``name=value`` of its settings in which not all are alike."""
    settings = [settings_of(one) for one in things]
    seen: dict[str, set[str]] = {name: set() for one in settings for name in one}
    for one in settings:
        for name, values in seen.items():
            values.add(make_key({"": one.get(name)}))
    for thing, own in zip(things, settings, strict=True):
        yield thing, [f"{name}={value}" for name, value in own.items() if len(seen[name]) > 1]


def _flat(settings: Settings, prefix: str = "") -> Settings:
    """Return nested settings under dotted names."""
    flat: Settings = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
