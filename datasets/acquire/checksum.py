"""Whether a file is the one that was published."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import DataError
from ..reading.raw import GZIP_MAGIC

CHUNK = 1 << 20


def digest_of(path: Path, algorithm: str = "sha256", *, inflate: bool = False) -> str:
    """Return the hash (hex) of a file.

    Parameters
    ----------
    path
        The file.
    algorithm
        ``sha256``, ``md5`` or ``git``, the id that git gives the content.
    inflate
        Hash what a gzipped file holds rather than its own bytes.

    Raises
    ------
    DataError
        A truncated or damaged gzip.
    """
    size = path.stat().st_size
    digest = hashlib.new("sha1" if algorithm == "git" else algorithm, usedforsecurity=False)
    if algorithm == "git":
        digest.update(b"blob %d\0" % size)
    with path.open("rb") as plain:
        packed = inflate and plain.read(2) == GZIP_MAGIC
        plain.seek(0)
        for chunk in _inflated(path, plain) if packed else _chunks(plain):
            digest.update(chunk)
    return digest.hexdigest()


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _inflated(path: Path, file: BinaryIO) -> Iterator[bytes]:
    try:
        with gzip.GzipFile(fileobj=file) as content:
            while chunk := content.read(CHUNK):
                yield chunk
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"the gzip file is truncated or damaged ({error})", path=path) from None


def require(path: Path, checksum: str, *, inflate: bool = False) -> None:
    """Raise ``DataError`` unless the file has the checksum ``algorithm:hex``."""
    algorithm, wanted = checksum.split(":")
    found = digest_of(path, algorithm, inflate=inflate)
    if found != wanted:
        raise DataError(
            f"{algorithm} {found} where {wanted} was published",
            path=path,
            remedy="the file is damaged or another version; fetch the original again",
        )
