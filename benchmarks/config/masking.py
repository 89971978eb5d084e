"""Masking of secrets by their name or shape, and of arguments that were refused."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

MASK = "(masked)"
LEAST = 4
"""A shorter value is not looked for in text: it would be found everywhere."""
LEAST_OF_ENVIRONMENT = 8

_SECRET = r"(?:secret|password|passwd|credential|api_?key|access_?key|auth)s?"
_MAYBE = r"(?:key|token)s?"
"""Names that numbers may have too: ``max_tokens``."""
_NAMED = re.compile(rf"(?:^|[_.\-])(?:{_SECRET}|{_MAYBE})$", re.IGNORECASE)
_NUMBER = r"(?:[+-]?[\d.]+(?:e[+-]?\d+)?|null|none|true|false|\?\?\?)"
_SHAPES = re.compile(
    r"\b(?:sk-[\w-]{8,}|hf_\w{16,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|xox[a-z]-[\w-]{8,}"
    r"|AKIA[0-9A-Z]{12,}|wandb_v\d+_\w{8,}|local-[0-9a-f]{40})"
)
"""Keys of well-known services."""


def _assigned(names: str, but: str) -> re.Pattern[str]:
    """Match ``name=value`` anywhere, and ``name: value`` as a line of YAML."""
    return re.compile(
        rf"(?P<head>(?:(?:^|(?<=[\s'\"+~{{,]))(?:[\w.\-]*[_.\-])?{names}="
        rf"|^\s*(?:- )?(?:\w*_)?{names}:[ ]))(?!{but})(?:\"[^\"]*\"|'[^']*'|[^\s\"'\\]+)",
        re.IGNORECASE | re.MULTILINE,
    )


_TEXTS = (
    _assigned(_SECRET, r"(?:null|\?\?\?)(?:\s|$)"),
    _assigned(_MAYBE, rf"{_NUMBER}(?:\s|$)"),
)


class Mask:
    """Replaces values wherever they stand in a text, and whatever else looks like a secret.

    Parameters
    ----------
    values
        What is to be hidden as it is.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = sorted({one for one in values if len(one) >= LEAST}, key=len, reverse=True)

    @classmethod
    def of(cls, settings: Any, words: Sequence[str] = ()) -> "Mask":
        """Return the mask of a configuration, typed words and this process's environment."""
        typed = [value for name, value in map(_split_assignment, words) if is_secret_name(name)]
        return cls([*_secrets(settings), *typed, *_of_environment()])

    def with_texts(self, words: Sequence[str]) -> "Mask":
        """Return a mask that hides every text among words that were refused.

        Numbers, booleans and the choices of a method, dataset, scenario or tracking stay.
        """
        texts = [value for name, value in map(_split_assignment, words) if _is_free(name, value)]
        parts = [part for text in texts for part in re.split(r"[\[\]{},:\s'\"]+", text)]
        return Mask([*self._values, *texts, *(one for one in parts if not _is_plain(one))])

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        for value in self._values:
            text = text.replace(value, MASK)
        for pattern in _TEXTS:
            text = pattern.sub(rf"\g<head>{MASK}", text)
        return _SHAPES.sub(MASK, text)

    def deep(self, value: Any) -> Any:
        """Return JSON values without secrets in their texts."""
        if isinstance(value, dict):
            return {key: self.deep(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.deep(one) for one in value]
        return self.text(value) if isinstance(value, str) else value


def mask_settings(value: Any, name: str = "") -> Any:
    """Return settings as they may be recorded: a text is hidden by its name or its shape.

    The same on any machine: neither other values nor the environment are examined.
    """
    if isinstance(value, dict):
        return {key: mask_settings(one, _below(name, key)) for key, one in value.items()}
    if isinstance(value, list):
        return [mask_settings(one, name) for one in value]
    if not isinstance(value, str):
        return value
    return MASK if is_secret_name(name) and value else _SHAPES.sub(MASK, value)


def mask_typed_texts(tracking: Any) -> Any:
    """Return where records are mirrored with its group, tags and notes as they may leave here."""
    mask = Mask.of({})
    typed = {name: getattr(tracking, name, None) for name in ("group", "tags", "notes")}
    masked = {name: mask.deep(one) for name, one in typed.items() if one}
    return replace(tracking, **masked) if masked else tracking


def is_secret_name(name: str) -> bool:
    """Say whether what has this name is a secret, where it is a text: ``api_key``, ``token``."""
    return _NAMED.search(name) is not None


def _below(name: str, key: object) -> str:
    """Return the name for what stands under a key; all below a secret is secret."""
    return name if is_secret_name(name) else str(key)


def _secrets(value: Any, name: str = "") -> Iterator[str]:
    """Yield the texts that ``mask_settings`` hides."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _secrets(one, _below(name, key))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _secrets(one, name)
    elif isinstance(value, str) and is_secret_name(name):
        yield value


def _of_environment() -> Iterator[str]:
    for name, value in os.environ.items():
        if is_secret_name(name) and len(value) >= LEAST_OF_ENVIRONMENT:
            yield value


def _split_assignment(word: str) -> tuple[str, str]:
    """Return name and value of ``+name=value``, without quotes around the value."""
    name, _, value = word.lstrip("+~").partition("=")
    return name, value.strip("'\"")


def _is_free(name: str, value: str) -> bool:
    """Say whether a word's value is a text that somebody made up."""
    chosen = name.partition("@")[0] in (
        "method", "dataset", "scenario", "tracking", "experiment", "sweep", "tuned",
    )  # fmt: skip
    return not chosen and not _is_plain(value) and not name.startswith("hydra")


def _is_plain(value: str) -> bool:
    """Say whether a value is a number, a boolean, nothing, or a list of such."""
    plain = rf"[\[\s]*{_NUMBER}(?:\s*,\s*{_NUMBER})*[\]\s]*"
    return re.fullmatch(plain, value, re.IGNORECASE) is not None
