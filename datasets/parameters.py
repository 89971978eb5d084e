"""Settings: dataclass fields that carry their meaning, valid range and search range."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from typing import Any

from .errors import ColdbenchError


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
    search: Range | Choices | None = None,
) -> Any:
    """Declare a hyper-parameter as a dataclass field.

    Parameters
    ----------
    default
        The paper's setting, unless the class says otherwise.
    doc
        What it is, one clause; shown by ``coldbench list`` and ``--help``.
    minimum, maximum
        Inclusive bounds outside which a value is refused.
    search
        What ``coldbench tune`` explores; None keeps the default.
    """
    metadata = {"doc": doc, "minimum": minimum, "maximum": maximum, "search": search}
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def check_parameters(config: Any) -> None:
    """Refuse a dataclass with a field outside its declared bounds, at any depth.

    Fields that are dataclasses themselves, and lists and dicts of dataclasses or numbers, are
    looked into.

    Raises
    ------
    ColdbenchError
        With the dotted path of the field, its value and the bound.
    """
    _check_fields(config, type(config).__name__)


def _check_fields(config: Any, place: str) -> None:
    for one in fields(config):
        _check(getattr(config, one.name), one.metadata, f"{place}.{one.name}")


def _check(value: Any, bounds: Mapping[Any, Any], place: str) -> None:
    if is_dataclass(value) and not isinstance(value, type):
        _check_fields(value, place)
    elif isinstance(value, dict):
        for key, one in value.items():
            _check(one, bounds, f"{place}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for at, one in enumerate(value):
            _check(one, bounds, f"{place}[{at}]")
    elif not (isinstance(value, (str, Enum)) or value is None):
        _check_number(value, bounds.get("minimum"), bounds.get("maximum"), place)


def _check_number(number: Any, low: float | None, high: float | None, place: str) -> None:
    below = low is not None and not number >= low
    above = high is not None and not number <= high
    if below or above:
        bound = f"at least {low}" if below else f"at most {high}"
        raise ColdbenchError(f"{place} = {number!r} must be {bound}")
