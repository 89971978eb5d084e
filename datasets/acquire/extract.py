"""Archives opened with distrust: no way out of the folder, no links, no bombs."""

import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from ..errors import DataError
from ..reading.compression import CHUNK, decompress_chunks

MEMBERS = 10_000
"""No dataset of the catalogue comes near this many files."""

_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
)


HEADERS = 2_048 * MEMBERS
"""Bytes that the headers of a tar may have in addition to the content of its members."""


def is_archive(path: Path) -> bool:
    """Say whether the file is a zip or a tar, compressed or not, by its content."""
    return path.is_file() and (zipfile.is_zipfile(path) or _is_tar(path))


def _is_tar(path: Path) -> bool:
    """Say whether a file, unpacked if need be, begins as a tar does; no more of it is read."""
    with path.open("rb") as file:
        try:
            head = next(decompress_chunks(path, file, size=tarfile.BLOCKSIZE), b"")
            tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
        except (DataError, tarfile.TarError):
            return False
    return True


def extract(archive: Path, folder: Path, limit: int) -> None:
    """Unpack a zip or tar into an empty folder; on any refusal the folder is removed.

    Parameters
    ----------
    archive
        The archive.
    folder
        Where to; must not exist.
    limit
        Bytes that all members together may have, declared and in fact.

    Raises
    ------
    DataError
        A member that is absolute, climbs with ``..``, is a link or a device, comes twice; too
        many members or bytes; a truncated, damaged or encrypted archive.
    """
    folder.mkdir(parents=True)
    try:
        _unpack(archive, folder, limit)
    except _DAMAGE as error:
        shutil.rmtree(folder)
        raise DataError(
            f"the archive cannot be unpacked ({error})",
            path=archive,
            remedy="it is truncated or damaged; fetch it again",
        ) from error
    except BaseException:
        shutil.rmtree(folder)
        raise


def _unpack(archive: Path, folder: Path, limit: int) -> None:
    with _opened(archive, folder, limit) as members:
        listed = list(members)
        _check(archive, [(name, size) for name, size, _ in listed], limit)
        left = limit
        for name, _, content in listed:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with content() as source, target.open("xb") as file:
                left = _copy(archive, source, file, left)


Member = tuple[str, int, Callable[[], IO[bytes]]]


@contextmanager
def _opened(archive: Path, folder: Path, limit: int) -> Iterator[Iterator[Member]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            yield _zip_members(archive, packed)
    elif _is_tar(archive):
        # Unpacked first and under a limit: a header may announce gigabytes, and be read whole.
        with _plain_tar(archive, folder, limit) as plain, tarfile.open(fileobj=plain) as bundle:
            yield _tar_members(archive, bundle)
    else:
        raise DataError(
            "neither a zip nor a tar archive, or truncated", path=archive, remedy="fetch it again"
        )


@contextmanager
def _plain_tar(archive: Path, folder: Path, limit: int) -> Iterator[IO[bytes]]:
    """Yield the tar itself, unpacked into a file without a name next to the folder."""
    with archive.open("rb") as file, tempfile.TemporaryFile(dir=folder.parent) as plain:
        for chunk in decompress_chunks(archive, file, limit + HEADERS):
            plain.write(chunk)
        plain.seek(0)
        yield plain


def _zip_members(archive: Path, packed: zipfile.ZipFile) -> Iterator[Member]:
    for info in packed.infolist():
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _refusal(archive, info.filename, "is a link or a device")
        if info.flag_bits & 1:
            raise _refusal(archive, info.filename, "is encrypted")
        if not info.is_dir():
            yield info.filename, info.file_size, partial(packed.open, info)


def _tar_members(archive: Path, bundle: tarfile.TarFile) -> Iterator[Member]:
    for count, info in enumerate(bundle):
        if count > MEMBERS:
            raise DataError(f"more than {MEMBERS} members", path=archive)
        if not (info.isreg() or info.isdir()):
            raise _refusal(archive, info.name, "is a link or a device")
        if info.isreg():
            yield info.name, info.size, partial(_tar_content, bundle, info)


def _tar_content(bundle: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = bundle.extractfile(info)
    if content is None:
        raise tarfile.ReadError(f"{info.name} has no content")
    return content


def _check(archive: Path, members: list[tuple[str, int]], limit: int) -> None:
    if len(members) > MEMBERS:
        raise DataError(f"{len(members)} members, more than {MEMBERS}", path=archive)
    declared = sum(size for _, size in members)
    if declared > limit:
        raise DataError(f"unpacks to {declared} bytes, more than {limit}", path=archive)
    seen: set[PurePosixPath] = set()
    for name, _ in members:
        path = PurePosixPath(name)
        if path.is_absolute() or "\\" in name or ":" in name or "\0" in name:
            raise _refusal(archive, name, "is an absolute path or not a plain one")
        if ".." in path.parts or not path.parts:
            raise _refusal(archive, name, "climbs out of the folder")
        if path in seen:
            raise _refusal(archive, name, "comes twice")
        seen.add(path)


def _copy(archive: Path, source: IO[bytes], file: IO[bytes], left: int) -> int:
    """Copy and return how many bytes may still come; the declared sizes may have lied."""
    while chunk := source.read(CHUNK):
        left -= len(chunk)
        if left < 0:
            raise DataError("unpacks to more bytes than it may", path=archive)
        file.write(chunk)
    return left


def _refusal(archive: Path, member: str, reason: str) -> DataError:
    return DataError(
        f"member {member!r} {reason}: the archive is refused",
        path=archive,
        remedy="use the publisher's own archive",
    )
