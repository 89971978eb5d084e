"""Whether the files of an installed dataset are still what they were."""

import json
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError
from ..reading.raw import present
from .checksum import digest_of
from .entry import Entry
from .install import MANIFEST


@dataclass(frozen=True)
class Finding:
    """What was found of one file.

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


def verify(entry: Entry) -> list[Finding]:
    """Check every file of an installed dataset against the published and the installed checksums.

    Raises
    ------
    DataError
        The dataset is not on this machine.
    """
    folder = entry.folder
    if not folder.is_dir():
        raise DataError(
            f"{entry.name} is not on this machine (looked in {folder})",
            remedy=f"run `coldbench data fetch {entry.name}`, "
            f"or `coldbench data add {entry.name} PATH`",
        )
    installed = _installed(folder)
    findings = [
        Finding(" or ".join(group), False, "is missing")
        for group in entry.needed
        if present(folder, *group) is None
    ]
    for name in entry.wanted:
        file = present(folder, name)
        if file is not None:
            findings.append(_judged(file, entry.known.get(name), installed.get(file.name)))
    return findings


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


def _judged(file: Path, published: str | None, installed: str | None) -> Finding:
    try:
        if published is not None and digest_of(file, inflate=True) != published:
            return Finding(file.name, False, "differs from the published file")
    except DataError as error:
        return Finding(file.name, False, str(error))
    if installed is not None and digest_of(file) != installed:
        return Finding(file.name, False, "has changed since it was installed")
    if published is not None:
        return Finding(file.name, True, "as published")
    remark = "as installed" if installed is not None else "readable"
    return Finding(file.name, True, f"{remark}; no checksum was published for this file")
