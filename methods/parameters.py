"""Hyper-parameters: dataclass fields that carry their meaning, valid range and search range."""

from dataclasses import dataclass, field, fields
from typing import Any

from ..datasets.errors import ColdbenchError


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
    """Refuse a dataclass whose fields lie outside their declared bounds.

    Raises
    ------
    ColdbenchError
        With the field, its value and the bound.
    """
    for one in fields(config):
        value, low, high = (
            getattr(config, one.name),
            one.metadata.get("minimum"),
            one.metadata.get("maximum"),
        )
        for number in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(number, str) or number is None:
                continue
            below = low is not None and not number >= low
            above = high is not None and not number <= high
            if below or above:
                bound = f"at least {low}" if below else f"at most {high}"
                raise ColdbenchError(
                    f"{type(config).__name__}.{one.name} = {number!r} must be {bound}"
                )
