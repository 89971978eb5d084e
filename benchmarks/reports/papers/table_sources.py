"""Where tables of papers lie: folders that packages name, and files that the command is given."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

from ....datasets.errors import ColdbenchError
from ...plugins.registry import OWN, describe_unknown, list_points

if TYPE_CHECKING:
    from .paper_table import PaperTable

ENDING = ".toml"
FOLDER = files(__package__)
"""The folder of our own tables: what our entry point of ``coldbench.tables`` names."""


@dataclass(frozen=True)
class TableSources:
    """What was found.

    Attributes
    ----------
    tables
        The file of each table, by name.
    owners
        The installed package that offers it, by name.
    refused
        A sentence for each entry point or table that cannot be used.
    """

    tables: dict[str, Traversable]
    owners: dict[str, str]
    refused: list[str]


def find_sources() -> TableSources:
    """Return the tables of all installed packages; a name of coldbench's own stays its own."""
    found = TableSources({}, {}, [])
    points = sorted(list_points("tables"), key=lambda one: (one[0] != OWN, one[0], one[1].name))
    for owner, point in points:
        try:
            folder = point.load()
            held = sorted(_list_files(folder), key=lambda one: one.name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may do anything while it is imported
            told = " ".join(str(error).split()) or type(error).__name__
            found.refused.append(f"{point.value} ({owner}) is not offered: {told}")
            continue
        for file in held:
            name = file.name.removesuffix(ENDING)
            if name in found.tables:
                whose = found.owners[name]
                found.refused.append(
                    f"{name} ({owner}) is not offered: {whose} has a table of that name"
                )
            else:
                found.tables[name], found.owners[name] = file, owner
    return found


def list_tables() -> list[str]:
    """Return the names of all tables."""
    return sorted(find_sources().tables)


def find_table(name: str) -> "PaperTable":
    """Return a table by its name, or from a file whose path ends in ``.toml``.

    Raises
    ------
    ColdbenchError
        When there is no such table, with the nearest name, or its file is not one.
    """
    from .table_file import read_table  # the schema takes longer to import than a list to print

    if name.endswith(ENDING):
        return read_table(name, Path(name))
    known = find_sources().tables
    if name not in known:
        raise ColdbenchError(
            describe_unknown("table", name, known) + "; a table of your own is given by its file, "
            f"mine{ENDING}"
        )
    return read_table(name, known[name])


def read_title(name: str, found: TableSources) -> str:
    """Return what a table is called, without a check of all that it holds."""
    try:
        return str(tomllib.loads(found.tables[name].read_text("utf-8"))["title"])
    except (OSError, ValueError, KeyError):
        return find_table(name).title  # which says what is wrong


def _list_files(folder: object) -> list[Traversable]:
    held = Path(folder) if isinstance(folder, str) else folder
    if not isinstance(held, Traversable) or not held.is_dir():
        raise ColdbenchError(f"it names {folder!r}, not a folder of {ENDING} files")
    return [one for one in held.iterdir() if one.name.endswith(ENDING)]
