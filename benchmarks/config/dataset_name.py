"""What a dataset is called in records, folders and leaderboards."""

from dataclasses import fields, is_dataclass
from typing import Any

from ...datasets.errors import ColdbenchError
from ..plugins.registry import find_name, list_offers


def find_dataset_name(source: Any) -> str:
    """Return the registered name of a dataset, or the name that was given to the user's files.

    A class that declares ``takes_name = True`` has a field ``name``; set to something else than
    its default, it is what records are filed under.

    Raises
    ------
    ColdbenchError
        When the name is that of another registered dataset: their records would be mixed.
    """
    registered = find_name("datasets", source)
    name = _given(source)
    if name is None or name == registered:
        return registered
    taken = {one.casefold(): one for one in list_offers("datasets")}
    if name.casefold() in taken:
        raise ColdbenchError(
            f"dataset.name={name} is the name of a registered dataset, whose records would be "
            "mixed with these; choose another, for example dataset.name=my_" + name
        )
    return name


def _given(source: Any) -> str | None:
    """Return the name that is not the default one, None without any."""
    if not getattr(source, "takes_name", False) or not is_dataclass(source):
        return None
    default = next((one.default for one in fields(source) if one.name == "name"), None)
    name = getattr(source, "name", default)
    return None if name == default else str(name)
