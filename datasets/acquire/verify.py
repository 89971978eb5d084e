"""Whether the files of an installed dataset are still what they were."""

import json
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError
from ..reading.raw_bytes import find_file
from .checksum import compute_checksum
from .data_file import MANIFEST
from .file_set import FileSet


@dataclass(frozen=True)
class FileCheck:
    """Whether one file is the one that was published or installed.

    Attributes
    ----------
    file
        Its name.
    good
        Whether it can be used.
    remark
        ``as published``, ``as installed``, or what is wrong.
    """

    file: str
    good: bool
    remark: str


def verify(files: FileSet) -> list[FileCheck]:
    """Check every file of an installed dataset against the published and the installed checksums.

    Raises
    ------
    DataError
        The dataset is not on this machine.
    """
    folder = files.installed().folder
    installed = _installed(folder)
    found = [
        FileCheck(" or ".join(group), False, "is missing")
        for group in files.needed
        if find_file(folder, *group) is None
    ]
    for name, published in files.checksums.items():
        file = find_file(folder, name)
        if file is not None:
            found.append(_checked(file, published, installed.get(file.name)))
    return found


def _installed(folder: Path) -> dict[str, str]:
    path = folder / MANIFEST
    if not path.exists():
        return {}
    try:
        digests: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"the manifest is damaged ({error})", path=path, remedy="add the dataset again"
        ) from error
    return digests


def _checked(file: Path, published: str | None, installed: str | None) -> FileCheck:
    try:
        if published is not None and compute_checksum(file, inflate=True) != published:
            return FileCheck(file.name, False, "differs from the published file")
    except DataError as error:
        return FileCheck(file.name, False, str(error))
    if installed is not None and compute_checksum(file) != installed:
        return FileCheck(file.name, False, "has changed since it was installed")
    if published is not None:
        return FileCheck(file.name, True, "as published")
    remark = "as installed" if installed is not None else "readable"
    return FileCheck(file.name, True, f"{remark}; no checksum was published for this file")
