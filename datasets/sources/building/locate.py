"""Where the files of a dataset are, or the sentence that says how to get them."""

from pathlib import Path

from ...cache import data_home
from ...errors import DataError
from ...reading.raw import present


def folder_of(name: str, path: str | None) -> Path:
    """Return the folder of a dataset: the one given, else ``data_home()/name``.

    Raises
    ------
    DataError
        There is no such folder; says how to fetch or add the dataset.
    """
    folder = Path(path).expanduser() if path else data_home() / name
    if not folder.is_dir():
        raise _absent(name, folder)
    return folder


def file_of(name: str, folder: Path, *candidates: str) -> Path:
    """Return the first of the files that the folder holds, plain or gzipped, or raise."""
    found = present(folder, *candidates)
    if found is None:
        wanted = " or ".join(candidates)
        raise DataError(
            f"{wanted} of {name} is not there",
            path=folder,
            remedy=_remedy(name),
        )
    return found


def _absent(name: str, folder: Path) -> DataError:
    return DataError(f"{name} is not on this machine (looked in {folder})", remedy=_remedy(name))


def _remedy(name: str) -> str:
    return f"run `coldbench data fetch {name}`, or `coldbench data add {name} PATH`"
