"""Hydra's composition errors, explained in one sentence with "did you mean"."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

from ...datasets.errors import ColdbenchError
from ..plugins.registry import (
    GROUPS,
    describe_unknown,
    describe_unknown_field,
    list_names,
    list_offers,
)
from .suggestions import compose_first_run, suggest

_ADVICE = re.compile(r"\s*To append to your (config|default list) use .*", re.DOTALL)


@contextmanager
def explain(overrides: Sequence[str]) -> Iterator[None]:
    """Turn an error of Hydra's composition into a ``ColdbenchError`` of one sentence.

    Parameters
    ----------
    overrides
        What was typed, to name the word that is wrong.
    """
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        yield
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise ColdbenchError(explain_in_sentence(error, overrides)) from error


def explain_in_sentence(error: BaseException, overrides: Sequence[str]) -> str:
    """Return what is wrong and the alternatives."""
    from hydra.errors import MissingConfigException, OverrideParseException

    if isinstance(error, OverrideParseException):
        return _unreadable(error.override, _first_line(str(error)), overrides)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _unknown_option(error)
    for cause in _chain(error):
        sentence = _unknown_key(cause) or _wrong_value(cause, overrides)
        if sentence:
            return sentence
    return _unfitting(str(error), overrides)


def _unreadable(word: str, complaint: str, overrides: Sequence[str]) -> str:
    """``popularity`` or ``method.layers=[1``: no ``key=value`` that Hydra's grammar knows."""
    suggestion = suggest(word, overrides)
    if "=" not in word and word in GROUPS and not suggestion:
        return _unchosen(word)
    if "=" not in word:
        return f"cannot read {word!r}: it is not a key=value{suggestion or ', as seed=1 is'}"
    complaint = "" if suggestion and "Exception" in complaint else f": {complaint}"
    return f"cannot read {word!r}{complaint}{suggestion}"


def _unknown_option(error: Any) -> str:
    """``method=als``: the group is known, the option is not."""
    group, _, option = str(error.missing_cfg_file).removesuffix(".yaml").rpartition("/")
    kind = GROUPS.get(group)
    names = list(error.options or (list_names(kind) if kind else ()))
    offer = list_offers(kind).get(option) if kind else None
    if offer is not None:
        reason = offer.reason or f"its fields cannot be configured: {_misfit(offer.target)}"
        return f"{group} {option!r} is not offered: {reason}"
    if group in GROUPS and not option:
        return _unchosen(group)
    return describe_unknown(group or "configuration", option, names)


def _misfit(target: Any) -> str:
    """Return why OmegaConf cannot take a class as a schema."""
    from omegaconf import OmegaConf

    try:
        OmegaConf.structured(target)
    except Exception as error:  # whatever a plugin's annotations provoke
        return _first_line(str(error))
    return "it was installed after the choices were registered"


def _unknown_key(error: BaseException) -> str | None:
    """``method.factros=3`` or ``sed=1``: a field that its class does not have."""
    from omegaconf.errors import ConfigAttributeError, ConfigKeyError

    if not isinstance(error, (ConfigAttributeError, ConfigKeyError)):
        return None
    owner = error.object_type
    if owner is None or not is_dataclass(owner):
        return None
    known = [one.name for one in fields(owner)]
    place = str(error.full_key or error.key).rpartition(".")[0]
    return describe_unknown_field(
        owner.__name__, f"{place}." if place else "", str(error.key), known
    )


def _wrong_value(error: BaseException, overrides: Sequence[str]) -> str | None:
    """``method.factors=abc``: the field is known, the value does not fit its type."""
    from omegaconf.errors import ValidationError

    if not isinstance(error, ValidationError):
        return None
    key = str(error.full_key or error.key or "")
    typed = next((word for word in overrides if word.lstrip("+~").startswith(f"{key}=")), key)
    return f"cannot use {typed!r}: {_first_line(str(error))}{suggest(typed, overrides)}"


def _unchosen(group: str) -> str:
    names = ", ".join(list_names(GROUPS[group]))
    return f"no {group} is chosen; write {group}=<name>, there are: {names}"


def _unfitting(text: str, overrides: Sequence[str]) -> str:
    """Every other complaint, without the advice to add what does not exist."""
    missing = re.match(r"You must specify '(\w+)'|.*mandatory value: (\w+)", text)
    group = missing and (missing[1] or missing[2])
    if group in GROUPS:
        return _unchosen(str(group))
    word = max((one for one in overrides if one in text), key=len, default="")
    key = word.split("=")[0].lstrip("+~")
    if text.startswith("Could not override"):
        key = text.split("'")[1].split("@")[0]
        word = next((one for one in overrides if one.startswith(key)), "")
        if "No match in the defaults list" in text and key:
            return f"{key!r} is an overlay and is added with a plus{suggest(word, overrides)}"
    if text.startswith("Config group override must be") and _chosen_null(overrides):
        return _unchosen(_chosen_null(overrides))
    if text.startswith(("Ambiguous value", "Sweep parameters")):
        other = _as_sweep(overrides)
        if other is not None:
            return explain_in_sentence(other, overrides)
        suggestion = suggest(word, overrides) or "; only with -m is each of them run"
        return f"{word!r} names several values{suggestion}"
    if text.startswith("Could not append to config"):
        return f"{key} is there already and is set without a plus{suggest(word, overrides)}"
    twice = re.match(r"Multiple values for (\w+)\.|(\w+) appears more than once", text)
    if twice:
        group = twice[1] or twice[2]
        word = next((one for one in overrides if one.startswith(f"+{group}=")), word)
        return f"{group} is already chosen and is set without a plus{suggest(word, overrides)}"
    if word.startswith("~"):
        return f"cannot take away {key}: leave {word!r} out, and it has its default"
    if text.startswith("hydra.searchpath"):
        word = next((one for one in overrides if "hydra.searchpath=" in one), "")
        return f"hydra.searchpath is a list of addresses{suggest(word, overrides)}"
    return " ".join(_ADVICE.sub("", text).split())


def _as_sweep(overrides: Sequence[str]) -> BaseException | None:
    """Return what else is wrong with words that name several values, in the first of their runs.

    An experiment may say that they are a sweep; Hydra does not learn it where a word is wrong.
    """
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        compose_first_run(["-m", *overrides])
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        return error
    return None


def _chosen_null(overrides: Sequence[str]) -> str:
    """Return the group for which nothing is chosen, ``method=null``."""
    keys = [one.split("=")[0] for one in overrides if one.endswith(("=null", "="))]
    return next((key for key in keys if key in GROUPS), "")


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0].rstrip(".") if text.strip() else "it does not fit"
