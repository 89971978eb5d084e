"""Checks of the class itself: its declarations, its settings, its docstring, its import."""

import dataclasses
import inspect
from typing import Any

from ....datasets.parameters import check_parameters
from ....datasets.side_information import Side
from ....methods.base import Family, Method, Need
from .check_result import Violation
from .definition import check
from .requirements import (
    require_entry_point,
    require_first_sentence,
    require_light_import,
    require_round_trip,
)
from .subject import Subject


@check()
def declares(subject: Subject) -> str:
    """Require that the class is a Method whose declarations have the declared kinds."""
    method = subject.method
    if not (isinstance(method, type) and issubclass(method, Method)):
        raise Violation(
            f"{method} is not a subclass of Method", "derive it from methods.base.Method"
        )
    kinds = {"cold": Side, "needs": Need}
    for name, kind in kinds.items():
        value = getattr(method, name)
        if not (isinstance(value, frozenset) and all(isinstance(one, kind) for one in value)):
            raise Violation(f"{name} = {value!r}", f"make it a frozenset of {kind.__name__}")
    if not isinstance(getattr(method, "family", None), Family):
        raise Violation(
            f"family = {getattr(method, 'family', None)!r}", "set it to a member of Family"
        )
    if not isinstance(method.uses_support, bool):
        raise Violation(f"uses_support = {method.uses_support!r}", "make it True or False")
    cold = ", ".join(sorted(side.value for side in method.cold)) or "none"
    return f"family {method.family.value}; cold: {cold}"


@check()
def default_constructible(subject: Subject) -> str:
    """Require that the class can be made without arguments, and making it does no work."""
    if not dataclasses.is_dataclass(subject.method):
        raise Violation(
            f"{subject.method.__name__} is not a dataclass", "decorate it with @dataclass"
        )
    made = subject.method()
    names = {one.name for one in dataclasses.fields(made)}
    extra = sorted(set(vars(made)) - names)
    if extra:
        raise Violation(f"a fresh instance already holds {', '.join(extra)}", "learn only in fit")
    check_parameters(made)
    return f"{len(names)} hyper-parameters"


@check()
def config_round_trip(subject: Subject) -> str:
    """Require that its settings survive the way through OmegaConf and back."""
    return require_round_trip(subject.method())


@check()
def parameters_documented(subject: Subject) -> str:
    """Require that every hyper-parameter says what it is."""
    silent = [one.name for one in dataclasses.fields(subject.method) if not _doc(one)]
    if silent:
        raise Violation(
            f"{', '.join(silent)}: no doc",
            'use parameter(default, "what it is")',
        )
    return "all"


def _doc(one: "dataclasses.Field[Any]") -> str:
    return str(one.metadata.get("doc") or "")


@check()
def docstring(subject: Subject) -> str:
    """Require that the docstring has a first sentence, a "Source:" and a "Differs:"."""
    first = require_first_sentence(subject.method)
    text = inspect.getdoc(subject.method) or ""
    missing = [word for word in ("Source:", "Differs:") if word not in text]
    if missing:
        raise Violation(
            f"{' and '.join(missing)} not found",
            "name paper, year and equation after Source:, departures (or nothing) after Differs:",
        )
    return first


@check()
def entry_point(subject: Subject) -> str:
    """Require that the class is found by its entry point."""
    return require_entry_point("methods", subject.method)


@check()
def light_import(subject: Subject) -> str:
    """Require that importing the class imports no heavy library."""
    return require_light_import(subject.method.__module__)


CHECKS = (
    declares,
    default_constructible,
    config_round_trip,
    parameters_documented,
    docstring,
    entry_point,
    light_import,
)
