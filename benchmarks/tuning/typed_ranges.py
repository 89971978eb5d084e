"""Search ranges that are typed, in the words of Hydra's sweeps.

``search.neighbours='range(5,200)'`` (5 to 199), ``'interval(5,200)'`` (both ends included),
``'tag(log,interval(1e-4,1))'`` (its logarithm uniform), ``'choice(1,3,10)'`` and ``null`` (not
searched).
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from ...datasets.errors import ColdbenchError
from ...datasets.parameters import Choices, Range
from ..config.configured import configured
from ..plugins.registry import describe_unknown_field
from .search_space import Dimension, list_whole_numbers

FORMS = "'interval(1,10)', 'tag(log,interval(1e-4,1))', 'range(1,10)', 'choice(1,3)' or null"
_LONGEST_LIST = 1000


def read_ranges(words: Sequence[str], method: Any) -> dict[str, Dimension | None]:
    """Return the typed ranges by field; None for a field that is not to be searched.

    Raises
    ------
    ColdbenchError
        For a field that the method does not have, or a range that does not fit it.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser

    from ..config.config_errors import explain

    parser = OverridesParser.create()
    whole, found = list_whole_numbers(method), dict[str, Dimension | None]()
    known = [one.name for one in fields(method)]
    for word in words:
        with explain([word]):
            typed = parser.parse_overrides([word])[0]
            text = None if typed.is_sweep_override() else typed.value()
            if isinstance(text, str) and "(" in text:  # quoted once more than the shell takes away
                typed = parser.parse_overrides([f"{typed.key_or_group}={text}"])[0]
        key = str(typed.key_or_group)
        name = key.removeprefix("search.")
        if not key.startswith("search.") or name not in known:
            raise ColdbenchError(
                describe_unknown_field(type(method).__name__, "search.", name, known)
            )
        if typed.is_delete() or (typed._value is None and not typed.is_sweep_override()):
            found[name] = None
        elif typed.is_sweep_override():
            search = _read(typed._value, word, name in whole)
            found[name] = _fitting(Dimension(name, search, name in whole), method, word)
        else:
            raise ColdbenchError(f"{word!r} is no range; write {FORMS}")
    return found


def _read(sweep: Any, word: str, whole: bool) -> Range | Choices:
    """Return a sweep of Hydra's as a range or choices."""
    kind, log = type(sweep).__name__, "log" in sweep.tags
    if kind == "ChoiceSweep":
        return Choices(tuple(sweep.list))
    if kind == "IntervalSweep":
        low, high = sweep.start, sweep.end
    else:
        low, high = sweep.start, sweep.stop - 1
        if sweep.step != 1 or not whole:
            return Choices(_steps(sweep, word))
    if not low < high or (log and low <= 0):
        above = ", and above 0 for a log range" if log else ""
        raise ColdbenchError(f"{word!r}: a range must rise from its low end to its high end{above}")
    return Range(low, high, log)


def _steps(sweep: Any, word: str) -> tuple[float, ...]:
    if not sweep.step > 0 or not sweep.start < sweep.stop:
        raise ColdbenchError(f"{word!r}: a range must rise from its low end to its high end")
    count = -int(-(sweep.stop - sweep.start) // sweep.step)
    if count > _LONGEST_LIST:
        raise ColdbenchError(f"{word!r} has {count} values; write it as an interval")
    return tuple(sweep.start + step * sweep.step for step in range(count))


def _fitting(one: Dimension, method: Any, word: str) -> Dimension:
    """Return a dimension whose values are those of the field's type, within its bounds."""
    if isinstance(one.search, Choices):
        return Dimension(one.name, Choices(_typed(one.search.values, one.name, method)))
    low, high = one.search.low, one.search.high
    if one.integer:
        if low != int(low) or high != int(high):
            raise ColdbenchError(f"{word!r}: {one.name} holds whole numbers")
        low, high = int(low), int(high)
    _typed((low, high), one.name, method)
    return Dimension(one.name, Range(low, high, one.search.log), one.integer)


def _typed(values: Sequence[Any], name: str, method: Any) -> tuple[Any, ...]:
    return tuple(getattr(configured(method, {name: one}, "method"), name) for one in values)
