"""The bytes of an input file, plain or compressed, refused when they cannot be data."""

import stat
from pathlib import Path

from ..errors import DataError
from .compression import LARGEST, decompress


def read_raw(path: Path, stored: bytes | None = None) -> bytes:
    """Return the content of ``path``, unpacked where it is compressed, whatever its name.

    ``stored`` are the bytes of the file where they were read already.

    Raises
    ------
    DataError
        The file is missing, no regular file, empty, truncated or damaged, unpacks to too much, or
        holds NUL bytes.
    """
    content = decompress(path, read_stored_bytes(path) if stored is None else stored)
    refuse_empty(path, content)
    refuse_nul(path, content)
    return content


def refuse_empty(path: Path, content: bytes) -> None:
    """Refuse a file without content."""
    if not (content[:4096].strip() or content.strip()):
        raise DataError("the file is empty", path=path, remedy="give the complete file")


def refuse_nul(path: Path, content: bytes, remedy: str | None = None) -> None:
    """Refuse a content that is not a text."""
    at = content.find(b"\0")
    if at >= 0:
        raise DataError(
            "a NUL byte, so this is not a text table",
            path=path,
            line=content.count(b"\n", 0, at) + 1,
            remedy=remedy or "give the original text file, plain or compressed",
        )


def read_stored_bytes(path: Path) -> bytes:
    """Return the bytes of a file as it is stored.

    Raises
    ------
    DataError
        It cannot be read, is not a regular file (a device and a pipe may never end), or too large.
    """
    if path.is_dir():
        raise DataError("this is a folder, not a file", path=path, remedy="name the file itself")
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise DataError(
                "this is a device or a pipe, which may never end",
                path=path,
                remedy="write the table to a file and name that",
            )
        if found.st_size > LARGEST:
            raise DataError(
                f"the file has {found.st_size:,} bytes, more than {LARGEST:,}",
                path=path,
                remedy="give a part of the table",
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError("there is no such file", path=path, remedy="check the path") from None
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", path=path) from error


def find_file(folder: Path, *names: str) -> Path | None:
    """Return the first of ``names`` that ``folder`` holds, each tried plain and with ``.gz``."""
    for name in names:
        for candidate in (folder / name, folder / f"{name}.gz"):
            if candidate.is_file():
                return candidate
    return None
