"""Which records of a folder a command is about."""

from collections.abc import Mapping, Sequence

from ...datasets.errors import ColdbenchError
from ..plugins.registry import describe_unknown
from .glance import Glance

NAMES = ("method", "dataset", "scenario", "status", "seed")
"""By what records are selected; several values have commas between them."""


def select(records: Sequence[Glance], wanted: Mapping[str, str | None]) -> list[Glance]:
    """Return the records that have one of the wanted values for each name.

    A method is also found by its preset.

    Raises
    ------
    ColdbenchError
        For a value that no record has, with the nearest ones.
    """
    kept = list(records)
    for name, text in wanted.items():
        if text is None:
            continue
        values = [one.strip() for one in text.split(",") if one.strip()]
        known = {value for one in records for value in _values(one, name)}
        for value in values:
            if value not in known:
                raise ColdbenchError(describe_unknown(f"{name} among these records", value, known))
        kept = [one for one in kept if _values(one, name) & set(values)]
    return kept


def _values(record: Glance, name: str) -> set[str]:
    if name == "method":
        return {record.method, record.label.split(" ")[0]}
    return {str(getattr(record, name))}
