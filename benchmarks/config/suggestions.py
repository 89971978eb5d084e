"""Suggestions for a mistyped argument: guessed, then tried, so that they work."""

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ..plugins.registry import GROUPS, list_names
from .enum_values import to_typed_form

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_CLOSING = {"[": "]", "{": "}"}


def suggest(word: str, overrides: Sequence[str]) -> str:
    """Return ``"; write ..."`` with the words to type, ready for a shell; "" where none works.

    Parameters
    ----------
    word
        The mistaken one of ``overrides``.
    overrides
        What was typed; of it the choices of method, dataset and scenario are taken along.
    """
    chosen = [one for one in overrides if one != word and one.split("=")[0] in GROUPS]
    if not any(one.startswith("method=") for one in chosen):
        chosen.append("method=random")
    for why, words in _guesses(word, overrides, chosen):
        if _composed([*chosen, *words]) is not None:
            return f"; {why}write {' '.join(map(quote_for_shell, words))}"
    return ""


def quote_for_shell(word: str) -> str:
    """Return a word as it is typed into a shell, by preference in double quotes."""
    if shlex.quote(word) == word or re.search(r'["$`!]', word):
        return shlex.quote(word)
    return f'"{word}"' if not word.endswith("\\") else shlex.quote(word)


def quote_for_hydra(value: str) -> str:
    """Return a text in Hydra's quotes; in double ones where the shell needs the single ones."""
    if re.search(r"[$`!]", value) and "'" not in value:
        return '"' + value.replace('"', r"\"") + '"'
    return "'" + value.replace("'", r"\'") + "'"


def _guesses(
    word: str, overrides: Sequence[str], chosen: Sequence[str]
) -> Iterator[tuple[str, list[str]]]:
    """Yield what may have been meant, the most likely first, and why it is written like that."""
    key, equals, value = (part.strip() for part in word.partition("="))
    if not equals:
        yield from _without_value(word, overrides)
        return
    bare = key.lstrip("+~")
    for sign in dict.fromkeys((key.removesuffix(bare), "", "+")):
        if (f"{sign}{bare}", value) != tuple(word.split("=", 1)):
            yield "", [f"{sign}{bare}={value}"]
    several = "add -m to run each of them: "
    if "," in value and bare in GROUPS:
        yield several, ["-m", f"{bare}={value}"]
    for why, text in _values(value):
        yield why, [f"{bare}={text}"]
    if "," in value or re.match(r"(range|choice|glob)\(", value):
        yield several, ["-m", f"{bare}={value}"]
    span = re.fullmatch(r"(\d+)(?:-|\.\.|:)(\d+)", value)
    if span:
        yield several, ["-m", f"{bare}=range({span[1]},{int(span[2]) + 1})"]
    default = _default(bare, chosen)
    if default is not None:
        yield "its default is written so: ", [f"{bare}={default}"]


def _without_value(word: str, overrides: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """``popularity``, or ``method`` ``=`` ``popularity`` in three words."""
    at = list(overrides).index(word) if word in overrides else 0
    after = [one for one in overrides[at + 1 : at + 3] if one != "="]
    if "=" in overrides[at + 1 : at + 2] and after:
        yield "without spaces: ", [f"{word}={after[0]}"]
    for group, kind in GROUPS.items():
        yield "", [f"{group}={word}"] if word in list_names(kind) else [f"{group}={word.lower()}"]
    default = _default(word, ["method=random"])
    if default is not None and word not in GROUPS:
        yield "its default is written so: ", [f"{word}={default}"]


def _values(value: str) -> Iterator[tuple[str, str]]:
    """Yield other ways to write a value."""
    inside = value.strip("()[]{} ")
    if value.startswith("(") and value.endswith(")"):
        yield "a list has brackets: ", f"[{inside}]"
    if value[:1] in _CLOSING:
        body = value if value.endswith(_CLOSING[value[0]]) else value + _CLOSING[value[0]]
        yield "", body
        yield "a key and its value have a colon between them: ", body.replace("=", ":")
    if value[:1] in ("'", '"') or value[-1:] in ("'", '"'):
        yield "", value.strip("'\"")
    if value.lower() in ("none", "null", "nil", ""):
        yield "nothing is called null: ", "null"
    if value.lower() != value:
        yield "", value.lower()
    time = re.fullmatch(r"([\d.]+) ?(s|m|min|h|d)", value)
    if time:
        yield "in seconds: ", f"{float(time[1]) * _SECONDS[time[2]]:g}"
    if value.startswith(("/", "~")):
        yield "a list of addresses: ", f"[file://{value}]"
    if inside and not value.startswith(("[", "{")):
        yield "a list has brackets: ", f"[{','.join(re.split(r'[, ]+', inside))}]"
    if inside:
        yield "quote it: ", quote_for_hydra(value)


def _default(key: str, chosen: Sequence[str]) -> str | None:
    """Return the value that a field has when it is not named, as it is typed."""
    config = _composed(chosen)
    value = None if config is None else OmegaConf.select(config, key, default=None)
    if isinstance(value, DictConfig):
        return None
    value = to_typed_form(OmegaConf.to_container(value) if OmegaConf.is_config(value) else value)
    return None if value is None else _written(value)


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_written, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _composed(words: Sequence[str]) -> DictConfig | None:
    """Return the run that words describe, its first one with ``-m``; None when they are wrong."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        return compose_first_run(words)
    except (HydraException, OmegaConfBaseException, ValueError):
        return None


def compose_first_run(words: Sequence[str]) -> DictConfig:
    """Return the run that words describe, with ``-m`` the first of them.

    Raises
    ------
    HydraException, OmegaConfBaseException, ValueError
        When the words are wrong.
    """
    from hydra import compose, initialize_config_module
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
    from hydra.core.override_parser.overrides_parser import OverridesParser

    from .overlays import CONFIG_MODULE, CONFIG_NAME

    words = list(words)
    if "-m" in words:
        words.remove("-m")
        parsed = OverridesParser.create().parse_overrides(words)
        words = list(BasicSweeper.split_arguments(parsed, None)[0][0])
    with initialize_config_module(config_module=CONFIG_MODULE, version_base="1.3"):
        return compose(CONFIG_NAME, overrides=words)
