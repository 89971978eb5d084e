"""The bytes of an input file, plain or gzipped, refused when they cannot be data."""

import gzip
import zlib
from pathlib import Path

from ..errors import DataError

GZIP_MAGIC = b"\x1f\x8b"


def read_raw(path: Path, stored: bytes | None = None) -> bytes:
    """Return the content of ``path``, decompressed where it is gzipped, whatever its name.

    ``stored`` are the bytes of the file where they were read already.

    Raises
    ------
    DataError
        The file is missing, a folder, empty, a truncated or damaged gzip, or holds NUL bytes.
    """
    content = _inflated(path, stored_bytes(path) if stored is None else stored)
    if not (content[:4096].strip() or content.strip()):
        raise DataError("the file is empty", path=path, remedy="give the complete file")
    at = content.find(b"\0")
    if at >= 0:
        raise DataError(
            "a NUL byte, so this is not a text table",
            path=path,
            line=content.count(b"\n", 0, at) + 1,
            remedy="give the original text file, plain or gzipped",
        )
    return content


def stored_bytes(path: Path) -> bytes:
    """Return the bytes of a file as it is stored; one that cannot be read is a ``DataError``."""
    if path.is_dir():
        raise DataError("this is a folder, not a file", path=path, remedy="name the file itself")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError("there is no such file", path=path, remedy="check the path") from None
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", path=path) from error


def _inflated(path: Path, content: bytes) -> bytes:
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except EOFError:
        problem = "the gzip file is truncated"
    except (gzip.BadGzipFile, zlib.error) as error:
        problem = f"the gzip file is damaged ({error})"
    raise DataError(problem, path=path, remedy="fetch the file again")


def present(folder: Path, *names: str) -> Path | None:
    """Return the first of ``names`` that ``folder`` holds, each tried plain and with ``.gz``."""
    for name in names:
        for candidate in (folder / name, folder / f"{name}.gz"):
            if candidate.is_file():
                return candidate
    return None
