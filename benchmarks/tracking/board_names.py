"""The names of rows and leaderboards as they may be shown: without a text that somebody typed.

Which records share a row is decided by the records as they are; only the names are made anew.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Any

from ...datasets.validation_score import GROUPS
from ..records.record import RunRecord
from ..reports.board import Board
from ..reports.comparable import TRAINER_GROUPS
from ..reports.labels import label_rows, title_boards
from ..reports.rows import Row
from .allowed import OWN_TEXT, find_settings, hide_own_texts

PARTS = {"method": "methods", "dataset": "datasets", "scenario": "scenarios"}
LONGEST_KEY = 80
"""W&B takes 128 characters for the name of an artifact."""


def name_rows(board: Board) -> dict[int, str]:
    """Return the label of each row by its ``id``."""
    copies = [_copy(row) for row in board.rows]
    label_rows(copies)
    labels = _number([one.label for one in copies])
    return {id(row): label for row, label in zip(board.rows, labels, strict=True)}


def name_boards(made: Sequence[Board]) -> list[str]:
    """Return the title of each leaderboard."""
    copies = [
        Board(one.dataset, one.scenario, "", one.metric, one.tasks, [_copy(one.rows[0])])
        for one in made
    ]
    title_boards(copies)
    return _number([one.title for one in copies])


def make_key(title: str) -> str:
    """Return a title as a name that W&B takes for a table or an artifact."""
    key = re.sub(r"\W+", "_", title, flags=re.ASCII).strip("_").lower()
    if len(key) <= LONGEST_KEY:
        return key
    return f"{key[:LONGEST_KEY]}_{sha256(title.encode()).hexdigest()[:8]}"


def show_settings(record: RunRecord, part: str) -> dict[str, Any]:
    """Return the settings of method, dataset or scenario without own texts."""
    return find_settings(PARTS[part], getattr(record, part), record.config.get(part))


def _copy(row: Row) -> Row:
    """Return a row for its name alone: its first record without own texts."""
    presets = {one.preset for one in row.records if one.preset}
    first = row.first
    config = {part: show_settings(first, part) for part in PARTS}
    kept = (group for group in TRAINER_GROUPS if group in first.config)
    config |= {group: hide_own_texts(first.config[group]) for group in kept}
    preset = _show_preset(presets.pop(), first, config["method"]) if len(presets) == 1 else None
    return Row("", [first.model_copy(update={"config": config, "preset": preset})])


def _show_preset(preset: str, record: RunRecord, settings: dict[str, Any]) -> str | None:
    """Return a preset of coldbench with the deviating settings that may be shown."""
    name, *words = preset.split(" ")
    if (
        name != record.method
        and not (files("coldbench.conf") / "method" / f"{name}.yaml").is_file()
    ):
        return None
    return " ".join([name, *(word for word in words if _may_show(word, settings))])


def _may_show(word: str, settings: dict[str, Any]) -> bool:
    field, _, value = word.partition("=")
    if field == "tuned":
        return value in ("", "mean", *GROUPS)
    return field in settings and OWN_TEXT not in json.dumps(settings[field])


def _number(names: Iterable[str]) -> list[str]:
    """Return the names with a number behind those that came before: hidden texts were apart."""
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return numbered
