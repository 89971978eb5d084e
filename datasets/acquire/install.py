"""A dataset's folder appears whole: staged next to its place, checked, then moved there."""

import json
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..cache import find_data_folder
from ..errors import DataError
from ..reading.raw_bytes import find_file
from .checksum import compute_checksum, require
from .data_file import MANIFEST, Download
from .download import DownloadProgress, download, no_progress
from .extract import extract, is_archive
from .file_set import FileSet

ABANDONED = 24 * 3600
"""Seconds after which the staging folder of a killed process may be removed."""


def fetch(
    files: FileSet,
    progress: DownloadProgress = no_progress,
    *,
    note: Callable[[str], None] = warnings.warn,
    pause: float = 1.0,
) -> Path:
    """Download a dataset into ``data_home()`` and return its folder.

    What was downloaded before a failure is kept under ``downloads`` and not downloaded again; the
    dataset's own folder appears only when everything is there and right.

    Parameters
    ----------
    files
        What to fetch.
    progress
        Called with how far each download is.
    note
        Called when an optional file could not be had.
    pause
        As for ``download``.

    Raises
    ------
    DataError
        No address is declared; else as ``download``, ``extract`` and ``add``.
    """
    _refuse_embedded(files)
    if not files.downloads:
        raise DataError(
            f"{files.name} has no address to fetch it from",
            remedy=f"get it from its publisher, then `coldbench data add {files.name} PATH`",
        )
    downloads = find_data_folder() / "downloads" / files.name
    with _staging(files.name) as stage:
        for one in files.downloads:
            try:
                _take(one, download(one, downloads, progress, pause=pause), stage, files.limit)
            except DataError as error:
                if not one.optional:
                    raise
                note(f"{one.filename} is left out: {error}")
        folder = _install(files, stage, [one.url for one in files.downloads])
    shutil.rmtree(downloads)
    return folder


def _take(wanted: Download, file: Path, stage: Path, limit: int) -> None:
    """Put a downloaded file, or what its archive holds, under ``stage``."""
    if wanted.is_archive:
        try:
            extract(file, stage / wanted.filename, limit)
        except DataError:
            file.unlink()
            raise
    else:
        shutil.copyfile(file, stage / wanted.filename)


def add(files: FileSet, path: Path, page: str = "") -> Path:
    """Take a dataset from a local archive or folder into ``data_home()``; return its folder.

    The given files are left as they are. Files may be gzipped, and lie up to two folders deep.

    Parameters
    ----------
    files
        What to take.
    path
        A zip or tar archive, or a folder.
    page
        Where people find the archive, for messages.

    Raises
    ------
    DataError
        Nothing there, a needed file missing, a wrong checksum, an archive that is refused.
    """
    _refuse_embedded(files)
    if not path.exists():
        raise DataError("there is no such file or folder", path=path, remedy="check the path")
    with _staging(files.name) as stage:
        if path.is_dir():
            return _install(files, path, [str(path)])
        if not is_archive(path):
            raise DataError(
                "neither a folder nor a zip or tar archive (or a truncated one)",
                path=path,
                remedy=f"give the archive from {page or 'the publisher'}, or a folder of its files",
            )
        extract(path, stage / "archive", files.limit)
        return _install(files, stage, [str(path)])


def _refuse_embedded(files: FileSet) -> None:
    if files.embedded is not None:
        raise DataError(
            f"{files.name} comes with its package (in {files.embedded}): there is nothing to fetch "
            "or add"
        )


@contextmanager
def _staging(name: str) -> Iterator[Path]:
    home = find_data_folder()
    home.mkdir(parents=True, exist_ok=True)
    for old in home.glob(f".{name}.*.staging"):
        if time.time() - old.stat().st_mtime > ABANDONED:
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=f".{name}.", suffix=".staging") as folder:
        yield Path(folder)


def _install(files: FileSet, source: Path, origin: list[str]) -> Path:
    """Collect the wanted files of ``source``, check them, and move them into place."""
    with _staging(files.name) as stage:
        ready = stage / "ready"
        ready.mkdir()
        for name, published in files.checksums.items():
            file = _chosen(source, name, published)
            if file is not None:
                shutil.copyfile(file, ready / file.name)
        _require_complete(files, source, ready)
        digests = {file.name: compute_checksum(file) for file in sorted(ready.iterdir())}
        manifest = {"name": files.name, "origin": origin, "sha256": digests}
        (ready / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        return _swap(ready, files.folder, stage / "replaced")


def _chosen(source: Path, name: str, published: str | None) -> Path | None:
    """Return the file of a name, up to two folders deep; where its sha256 is known, the right one.

    Raises
    ------
    DataError
        Files of that name are there, but none is the published one.
    """
    places = [source, *(p for depth in ("*", "*/*") for p in sorted(source.glob(depth)))]
    found = [file for place in places if place.is_dir() and (file := find_file(place, name))]
    if not found or published is None:
        return found[0] if found else None
    for file in found:
        if compute_checksum(file, inflate=True) == published:
            return file
    require(found[0], "sha256", published, inflate=True)
    return found[0]


def _require_complete(files: FileSet, source: Path, ready: Path) -> None:
    for group in files.needed:
        if find_file(ready, *group) is None:
            raise DataError(
                f"{' or '.join(group)} is missing",
                path=source,
                remedy=f"{files.name} needs "
                + ", ".join(" or ".join(names) for names in files.needed)
                + ", each plain or gzipped",
            )


def _swap(ready: Path, folder: Path, aside: Path) -> Path:
    if folder.exists():
        folder.rename(aside)
    try:
        ready.rename(folder)
    except OSError:
        if aside.exists():
            aside.rename(folder)
        raise
    return folder
