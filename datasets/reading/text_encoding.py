"""The encoding of a table: UTF-8, by its byte order mark, or as whoever gives the file names it."""

import codecs
from pathlib import Path

from ..errors import DataError
from .raw_bytes import refuse_nul

MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order marks, the longer first: that of UTF-32 begins as that of UTF-16 does."""


ORIGINAL = "give the original file"


def recode_to_utf8(
    path: Path, content: bytes, encoding: str | None = None, remedy: str = ORIGINAL
) -> tuple[bytes, str]:
    """Return a table in UTF-8 without a byte order mark, and the encoding that it was in.

    A byte order mark decides. Without one, UTF-8 is UTF-8 even where another encoding is named,
    since text beyond ASCII in another encoding is practically never valid UTF-8; so one named
    encoding serves for several files of which one is in UTF-8.

    Parameters
    ----------
    path
        For messages.
    content
        The unpacked bytes.
    encoding
        As Python names it, ``latin-1``; None is UTF-8.
    remedy
        What to do about a byte that does not belong; ``{}`` in it becomes a likely encoding.

    Raises
    ------
    DataError
        An encoding that does not exist, a byte that it does not know (with the line), a NUL byte.
    """
    found = next((name for mark, name in MARKS.items() if content.startswith(mark)), None)
    _refuse_unknown(encoding)
    if found is None and encoding is None:
        refuse_nul(path, content, remedy.format("utf-16"))
    if found is None and not _is_utf8(content, encoding):
        found = encoding or "utf-8"
        remedy = remedy.format("latin-1")
    elif found is not None:
        remedy = "the byte order mark says so: the file is cut or damaged, give the complete one"
    if found is not None:
        content = _recoded(path, content, found, remedy)
    refuse_nul(path, content)
    return content, (found or "utf-8").removesuffix("-sig")


def _is_utf8(content: bytes, encoding: str | None) -> bool:
    if content.isascii():
        wide = encoding is not None and codecs.lookup(encoding).name.startswith(
            ("utf-16", "utf-32")
        )
        return encoding is None or (wide and b"\0" not in content)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return encoding is None or b"\0" not in content


def _refuse_unknown(encoding: str | None) -> None:
    try:
        b" ".decode(encoding or "utf-8", "replace")
    except LookupError:
        raise DataError(
            f"there is no encoding {encoding!r}",
            remedy="for example dataset.encoding=latin-1, utf-16 or cp1252",
        ) from None


def _recoded(path: Path, content: bytes, encoding: str, remedy: str) -> bytes:
    try:
        return content.decode(encoding).encode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        named = encoding.upper() if encoding.startswith("utf-8") else encoding
        raise DataError(
            f"byte 0x{content[error.start]:02x} is not {named.removesuffix('-SIG')}",
            path=path,
            line=line,
            remedy=remedy,
        ) from None
