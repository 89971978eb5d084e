"""What the fields of a class are: their defaults, meaning, valid values and search ranges."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

from ...datasets.parameters import bounds_of, values_in
from .enum_values import to_typed_form

NO_DEFAULT = "(must be given)"
_NOWHERE = (dataclasses.MISSING, "???")  # the second is OmegaConf's


@dataclasses.dataclass(frozen=True)
class Described:
    """One field in words.

    Attributes
    ----------
    path
        As it is typed behind the class's group: ``factors``, or ``tower.width`` where the field
        is itself described by a dataclass.
    default
        As it is typed; "" for a field that has fields of its own.
    doc
        What it is; "" where the class does not say.
    values
        Bounds or choices; "" for any value of the field's type.
    search
        What a search explores; "" for nothing.
    """

    path: str
    default: str
    doc: str
    values: str
    search: str


def described(
    target: type[Any], changes: Mapping[str, str] | None = None, place: str = ""
) -> Iterator[Described]:
    """Yield the fields of a class, those of a nested dataclass behind the field that holds it.

    Parameters
    ----------
    target
        A dataclass; any other class has no fields.
    changes
        Defaults that depart from those of the class, by path.
    place
        What every path begins with.
    """
    if not dataclasses.is_dataclass(target):
        return
    hints = _hints(target)
    for one in dataclasses.fields(target):
        default, path = _default(one), f"{place}{one.name}"
        nested = dataclasses.is_dataclass(default)
        shown = NO_DEFAULT if default in _NOWHERE else str(to_typed_form(default))
        yield Described(
            path,
            "" if nested else (changes or {}).get(path, shown),
            one.metadata.get("doc") or "",
            bounds_of(one.metadata) or ", ".join(values_in(hints.get(one.name))),
            _searched(one.metadata.get("search")),
        )
        if nested:
            yield from described(type(default), changes, f"{path}.")


def _hints(target: type[Any]) -> dict[str, Any]:
    try:
        return get_type_hints(target)
    except Exception:  # the annotations of a plugin's fields may be anything
        return {}


def _default(field: "dataclasses.Field[Any]") -> Any:
    made = field.default_factory
    return field.default if made is dataclasses.MISSING else made()


def _searched(search: Any) -> str:
    if search is None:
        return ""
    if hasattr(search, "values"):
        return "one of " + ", ".join(str(to_typed_form(one)) for one in search.values)
    return f"{search.low:g} to {search.high:g}{' (log)' if search.log else ''}"
