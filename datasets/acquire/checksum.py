"""Whether a file is the one that was published."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import DataError
from ..reading.compression import CHUNK, MAGIC, decompress_chunks


def compute_checksum(path: Path, algorithm: str = "sha256", *, inflate: bool = False) -> str:
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
        A truncated or damaged gzip, or one that unpacks to too much.
    """
    size = path.stat().st_size
    digest = hashlib.new("sha1" if algorithm == "git" else algorithm, usedforsecurity=False)
    if algorithm == "git":
        digest.update(b"blob %d\0" % size)
    with path.open("rb") as plain:
        packed = inflate and plain.read(2) == MAGIC["gzip"]
        plain.seek(0)
        for chunk in decompress_chunks(path, plain) if packed else _chunks(plain):
            digest.update(chunk)
    return digest.hexdigest()


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def require(path: Path, algorithm: str, wanted: str, *, inflate: bool = False) -> None:
    """Raise ``DataError`` unless the file has the hash (hex); see ``compute_checksum``."""
    found = compute_checksum(path, algorithm, inflate=inflate)
    if found != wanted:
        raise DataError(
            f"{algorithm} {found} where {wanted} was published",
            path=path,
            remedy="the file is damaged or another version; fetch the original again",
        )
