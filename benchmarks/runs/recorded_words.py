"""The words of a command that make the run of a record again."""

import re
from collections.abc import Iterator
from typing import Any

from ...datasets.errors import ColdbenchError
from ..config.masking import MASK
from ..config.run_config import compose_run
from ..store.glance import Glance
from .identity import make_identity

_PLAIN = re.compile(r"(?:[A-Za-z_/]|\.{1,2}/)[\w./-]*")
_RESERVED = ("null", "true", "false", "nan", "inf")


def find_words(record: Glance) -> list[str]:
    """Return the words of a run: its names, its seed, and what departs from their defaults.

    Raises
    ------
    ColdbenchError
        When no words give the recorded configuration, with the first setting that they do not.
    """
    wanted: dict[str, Any] = record.content["config"]
    preset = str(record.content.get("preset") or "").split(" ")[0]
    names = [f"dataset={record.dataset}", f"scenario={record.scenario}", f"seed={record.seed}"]
    if "tuned" in wanted:
        raise ColdbenchError("its settings were found by a search; run it with tuned=...")
    start = [f"method={preset or record.method}", *names]
    words = [*start, *_list_departures(make_identity(compose_run(start)), wanted)]
    if any(MASK in word for word in words):
        raise ColdbenchError("a setting of it is masked; type its command again")
    made = make_identity(compose_run(words))
    for key in [*wanted, *made]:
        if made.get(key) != wanted.get(key):
            raise ColdbenchError(
                f"{key} of this version is {made.get(key)}, and the record's {wanted.get(key)}"
            )
    return words


def _list_departures(made: Any, wanted: Any, place: str = "") -> Iterator[str]:
    for key, value in wanted.items():
        name = f"{place}{key}"
        if isinstance(value, dict) and isinstance(made.get(key), dict) and made[key]:
            yield from _list_departures(made[key], value, f"{name}.")
        elif key not in made or made[key] != value:
            yield f"{name}={to_word(value)}"


def to_word(value: Any) -> str:
    """Return a JSON value as Hydra's command line reads it back."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, list):
        return f"[{','.join(map(to_word, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{to_word(one)}' for key, one in value.items())}}}"
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
