"""Settings: dataclass fields that carry their meaning, valid values and search range."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from operator import ge, gt, le, lt
from typing import Any, get_args

from .errors import ColdbenchError

_BOUNDS = {
    "minimum": ("at least", ge),
    "maximum": ("at most", le),
    "above": ("above", gt),
    "below": ("below", lt),
}
"""Of each bound that a field may declare: its words, and how a number keeps it."""


@dataclass(frozen=True)
class Range:
    """A numeric interval to search, inclusive; ``log`` samples its logarithm uniformly."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Choices:
    """A finite set of values to search."""

    values: tuple[Any, ...]


def parameter(
    default: Any,
    doc: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: tuple[Any, ...] | None = None,
    search: Range | Choices | None = None,
    added: bool = False,
) -> Any:
    """Declare a field of a method, dataset, scenario or run.

    Parameters
    ----------
    default
        The paper's setting, unless the class says otherwise. A list, a dict and a dataclass are
        copied for every instance.
    doc
        What it is, one clause; shown by ``coldbench list``.
    minimum, maximum
        Inclusive bounds outside which a number is refused.
    above, below
        Bounds that are themselves refused.
    choices
        The only values there are, where the field's type is no ``Enum``, which says so itself.
    search
        What ``coldbench tune`` explores; None keeps the default.
    added
        True of a field that came when there were results already, and whose default is what they
        were made with: at its default it is no part of a run's identity, so that they still count.

    Notes
    -----
    Of a list and of the values of a dict, bounds and choices are those of each element. None is
    always valid where the field's type admits it.
    """
    metadata = {
        "doc": doc,
        "minimum": minimum,
        "maximum": maximum,
        "above": above,
        "below": below,
        "choices": choices,
        "search": search,
        "added": added,
    }
    if isinstance(default, (list, dict)) or _is_instance(default):
        return field(default_factory=lambda: deepcopy(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def check_parameters(
    config: Any, place: str | None = None, error: type[ColdbenchError] = ColdbenchError
) -> None:
    """Refuse a dataclass with a field outside its declared bounds or choices, at any depth.

    Fields that are dataclasses themselves, and lists and dicts of dataclasses or numbers, are
    looked into.

    Parameters
    ----------
    config
        An instance.
    place
        What the path of a field begins with, as ``"scenario"``; by default the name of the class,
        and nothing where it is empty.
    error
        What is raised.

    Raises
    ------
    ColdbenchError
        With the dotted path of the field, its value and the bound.
    """
    wrong = _first_wrong(config, type(config).__name__ if place is None else place)
    if wrong:
        raise error(wrong)


def bounds_of(metadata: Mapping[Any, Any]) -> str:
    """Return the declared bounds or choices of a field in words; "" for a field without any."""
    if metadata.get("choices") is not None:
        return ", ".join(map(str, metadata["choices"]))
    return ", ".join(
        f"{words} {metadata[key]:g}"
        for key, (words, _) in _BOUNDS.items()
        if metadata.get(key) is not None
    )


def values_in(annotation: Any) -> list[str]:
    """Return the values of every ``Enum`` in an annotation, ``list[Enum]`` and unions included."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(one.value) for one in annotation]
    return [value for part in get_args(annotation) for value in values_in(part)]


def _is_instance(value: Any) -> bool:
    return is_dataclass(value) and not isinstance(value, type)


def _first_wrong(config: Any, place: str) -> str | None:
    for one in fields(config):
        path = f"{place}.{one.name}" if place else one.name
        wrong = _wrong(getattr(config, one.name), one.metadata, path)
        if wrong:
            return wrong
    return None


def _wrong(value: Any, declared: Mapping[Any, Any], place: str) -> str | None:
    """Return the sentence about the first value that is refused, None where none is."""
    if _is_instance(value):
        return _first_wrong(value, place)
    if isinstance(value, dict):
        inside = [(f"{place}[{key!r}]", one) for key, one in value.items()]
    elif isinstance(value, (list, tuple)):
        inside = [(f"{place}[{at}]", one) for at, one in enumerate(value)]
    else:
        message = _refused(value, declared)
        return f"{place} = {value!r} must be {message}" if message else None
    found = (_wrong(one, declared, path) for path, one in inside)
    return next((wrong for wrong in found if wrong), None)


def _refused(value: Any, declared: Mapping[Any, Any]) -> str | None:
    """Return what a single value must be and is not."""
    choices = declared.get("choices")
    if value is None or isinstance(value, Enum):
        return None
    if choices is not None:
        return None if value in choices else f"one of: {', '.join(map(str, choices))}"
    if isinstance(value, str):
        return None
    for key, (words, keeps) in _BOUNDS.items():
        bound = declared.get(key)
        if bound is not None and not keeps(value, bound):  # not: NaN keeps none
            return f"{words} {bound}"
    return None
