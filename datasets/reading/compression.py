"""Compressed files: what a file holds, unpacked with distrust and never beyond a stated size."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

from ..errors import DataError

MAGIC = {
    "gzip": b"\x1f\x8b",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "zstd": b"\x28\xb5\x2f\xfd",
    "zip": b"PK\x03\x04",
}
"""How a compressed file begins, whatever it is called."""

LARGEST = 4_000_000_000
"""Bytes that a file may have, and may unpack to: what is larger does not fit into memory."""

UNSUSPECTED = 64_000_000
DENSEST = 200
"""Beyond ``UNSUSPECTED`` bytes, a file that unpacks to more than this times its size is refused.

Tables of distinct pairs shrink to a fifth or a twentieth; a thousandth is a bomb.
"""

CHUNK = 1 << 20
_LITTER = ("__MACOSX/", ".DS_Store")
_DAMAGE = (zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError, ValueError, NotImplementedError)


def detect_compression(head: bytes) -> str | None:
    """Return how a file that begins so is compressed, None when it is not."""
    return next((name for name, magic in MAGIC.items() if head.startswith(magic)), None)


def decompress(path: Path, stored: bytes) -> bytes:
    """Return what the bytes of a file hold once unpacked; plain ones as they are.

    Raises
    ------
    DataError
        A truncated or damaged file, a zip that does not hold one table, a bomb.
    """
    if detect_compression(stored[:8]) is None:
        return stored
    whole = io.BytesIO()
    for chunk in decompress_chunks(path, io.BytesIO(stored)):
        whole.write(chunk)
    return whole.getvalue()


def decompress_chunks(
    path: Path, file: BinaryIO, limit: int = LARGEST, size: int = CHUNK
) -> Iterator[bytes]:
    """Yield the content of an open file, unpacked, in memory bounded by one chunk.

    Parameters
    ----------
    path
        For messages.
    file
        Open for reading, at its start; seekable.
    limit
        Bytes that it may unpack to.
    size
        Bytes of a chunk.

    Raises
    ------
    DataError
        As ``decompress``.
    """
    packing = detect_compression(file.read(8))
    file.seek(0)
    done = 0
    try:
        with _OPENERS.get(packing or "", _plain)(path, file) as content:
            while chunk := content.read(size):
                done += len(chunk)
                if packing is not None:
                    _refuse_bomb(path, packing, done, file.tell(), limit)
                yield chunk
    except DataError:
        raise
    except EOFError:
        raise _damage(path, f"the {packing} file is truncated") from None
    except _DAMAGE as error:
        raise _damage(path, f"the {packing} file is damaged ({error})") from None


def _damage(path: Path, problem: str) -> DataError:
    return DataError(problem, path=path, remedy="fetch the file again")


def _refuse_bomb(path: Path, packing: str, done: int, taken: int, limit: int) -> None:
    if done > limit:
        raise DataError(
            f"the {packing} file unpacks to more than {limit:,} bytes",
            path=path,
            remedy="give a part of the table",
        )
    if done > UNSUSPECTED and done > DENSEST * taken:
        raise DataError(
            f"the first {taken:,} bytes of the {packing} file unpack to more than {done:,}: "
            "no table is so dense, so this is taken for a bomb",
            path=path,
            remedy="if it is a table all the same, unpack it and give the plain file",
        )


def _plain(path: Path, file: BinaryIO) -> Any:
    return _Left(file)


class _Left:
    """A file that another entity closes."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def __enter__(self) -> IO[bytes]:
        return self.file

    def __exit__(self, *raised: object) -> None:
        """Leave the file open."""


def _gzip(path: Path, file: BinaryIO) -> Any:
    return gzip.GzipFile(fileobj=file)


def _bzip2(path: Path, file: BinaryIO) -> Any:
    return bz2.BZ2File(file)


def _xz(path: Path, file: BinaryIO) -> Any:
    return lzma.LZMAFile(file)


def _zstd(path: Path, file: BinaryIO) -> Any:
    import pyarrow

    return pyarrow.CompressedInputStream(pyarrow.PythonFile(file, "r"), "zstd")


def _zip(path: Path, file: BinaryIO) -> Any:
    """Open the one table of a zip."""
    packed = zipfile.ZipFile(file)
    members = [
        info
        for info in packed.infolist()
        if not info.is_dir() and not any(part in info.filename for part in _LITTER)
    ]
    names = [info.filename for info in members]
    if "[Content_Types].xml" in names:
        raise DataError(
            "this is a workbook of Excel or a document of Office, not a table",
            path=path,
            remedy="save the sheet as CSV",
        )
    if len(members) != 1:
        listed = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        raise DataError(
            f"the zip holds {len(members)} files where one table is expected"
            + (f": {listed}" if names else ""),
            path=path,
            remedy="unpack it and name the table itself",
        )
    if members[0].flag_bits & 1:
        raise DataError(
            f"{names[0]} in the zip is encrypted", path=path, remedy="unpack it and give the table"
        )
    return packed.open(members[0])


_OPENERS: dict[str, Callable[[Path, BinaryIO], Any]] = {
    "gzip": _gzip,
    "bzip2": _bzip2,
    "xz": _xz,
    "zstd": _zstd,
    "zip": _zip,
}
