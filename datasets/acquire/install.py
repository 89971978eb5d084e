"""A dataset's folder appears whole: staged beside its place, checked, then moved there."""

import json
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..cache import data_home
from ..errors import DataError
from ..reading.raw import present
from .checksum import digest_of, require
from .download import Progress, download, silent
from .entry import Entry, Remote
from .extract import extract, is_archive

MANIFEST = "manifest.json"
ABANDONED = 24 * 3600
"""Seconds after which the staging folder of a killed process may be removed."""


def fetch(
    entry: Entry,
    progress: Progress = silent,
    *,
    note: Callable[[str], None] = warnings.warn,
    pause: float = 1.0,
) -> Path:
    """Download a dataset into ``data_home()`` and return its folder.

    What was downloaded before a failure is kept under ``downloads`` and not asked for again; the
    dataset's own folder appears only when everything is there and right.

    Parameters
    ----------
    entry
        What to fetch.
    progress
        Told how far each download is.
    note
        Told when an optional file could not be had.
    pause
        As for ``download``.

    Raises
    ------
    DataError
        As ``download``, ``extract`` and ``add``.
    """
    _refuse_embedded(entry)
    downloads = data_home() / "downloads" / entry.name
    with _staging(entry.name) as stage:
        for remote in entry.remotes:
            try:
                _take(remote, download(remote, downloads, progress, pause=pause), stage, entry)
            except DataError as error:
                if not remote.optional:
                    raise
                note(f"{remote.filename} is left out: {error}")
        folder = _install(entry, stage, [remote.url for remote in entry.remotes])
    shutil.rmtree(downloads)
    return folder


def _take(remote: Remote, file: Path, stage: Path, entry: Entry) -> None:
    """Put a downloaded file, or what its archive holds, under ``stage``."""
    if remote.filename.endswith((".zip", ".tar.gz", ".tgz", ".tar")):
        try:
            extract(file, stage / "archive", entry.limit)
        except DataError:
            file.unlink()
            raise
    else:
        shutil.copyfile(file, stage / remote.filename)


def add(entry: Entry, path: Path) -> Path:
    """Take a dataset from a local archive or folder into ``data_home()``; return its folder.

    The given files are left as they are. Files may be gzipped, and lie up to two folders deep.

    Raises
    ------
    DataError
        Nothing there, a needed file missing, a wrong checksum, an archive that is refused.
    """
    _refuse_embedded(entry)
    if not path.exists():
        raise DataError("there is no such file or folder", path=path, remedy="check the path")
    with _staging(entry.name) as stage:
        if path.is_dir():
            return _install(entry, path, [str(path)])
        if not is_archive(path):
            raise DataError(
                "neither a folder nor a zip or tar archive (or a truncated one)",
                path=path,
                remedy=f"give the archive from {entry.page}, or a folder of its files",
            )
        extract(path, stage / "archive", entry.limit)
        return _install(entry, stage, [str(path)])


def _refuse_embedded(entry: Entry) -> None:
    if entry.embedded:
        raise DataError(f"{entry.name} comes with coldbench: there is nothing to fetch or add")


@contextmanager
def _staging(name: str) -> Iterator[Path]:
    home = data_home()
    home.mkdir(parents=True, exist_ok=True)
    for old in home.glob(f".{name}.*.staging"):
        if time.time() - old.stat().st_mtime > ABANDONED:
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=f".{name}.", suffix=".staging") as folder:
        yield Path(folder)


def _install(entry: Entry, source: Path, origin: list[str]) -> Path:
    """Collect the wanted files of ``source``, check them, and move them into place."""
    with _staging(entry.name) as stage:
        ready = stage / "ready"
        ready.mkdir()
        for name in entry.wanted:
            file = _chosen(source, name, entry.known.get(name))
            if file is not None:
                shutil.copyfile(file, ready / file.name)
        _require_complete(entry, source, ready)
        digests = {file.name: digest_of(file) for file in sorted(ready.iterdir())}
        manifest = {"name": entry.name, "origin": origin, "sha256": digests}
        (ready / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        return _swap(ready, entry.folder, stage / "replaced")


def _chosen(source: Path, name: str, known: str | None) -> Path | None:
    """Return the file of a name, up to two folders deep; where its sha256 is known, the right one.

    Raises
    ------
    DataError
        Files of that name are there, but none is the published one.
    """
    places = [source, *(p for depth in ("*", "*/*") for p in sorted(source.glob(depth)))]
    files = [file for place in places if place.is_dir() and (file := present(place, name))]
    if not files or known is None:
        return files[0] if files else None
    for file in files:
        if digest_of(file, inflate=True) == known:
            return file
    require(files[0], f"sha256:{known}", inflate=True)
    return files[0]


def _require_complete(entry: Entry, source: Path, ready: Path) -> None:
    for group in entry.needed:
        if present(ready, *group) is None:
            raise DataError(
                f"{' or '.join(group)} is missing",
                path=source,
                remedy=f"{entry.name} needs "
                + ", ".join(" or ".join(names) for names in entry.needed)
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
