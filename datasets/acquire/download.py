"""Downloads that go on where they were cut off."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..reading.packed import CHUNK
from .checksum import require
from .entry import Remote

Progress = Callable[[str, int, int | None], None]
"""Told (file name, bytes so far, bytes in all or None)."""

ATTEMPTS = 5
TIMEOUT = 30.0
RANGE_REFUSED = 416
_CUT = (http.client.HTTPException, ConnectionError, TimeoutError, urllib.error.URLError)


def silent(name: str, done: int, total: int | None) -> None:
    """Report nothing."""


def download(
    remote: Remote, folder: Path, progress: Progress = silent, *, pause: float = 1.0
) -> Path:
    """Return the checked file in ``folder``, downloading what of it is missing.

    Bytes gather in ``NAME.part``, which outlives an interruption: the next call asks the server
    only for the rest. The name without ``.part`` appears when size and checksum are right.

    Parameters
    ----------
    remote
        What to download.
    folder
        Where to; created.
    progress
        Told how far it is.
    pause
        Seconds before the second attempt; doubled each time.

    Raises
    ------
    DataError
        The server refuses, the connection is cut too often, or size or checksum is wrong; a
        file with a wrong checksum is removed.
    """
    target = folder / remote.filename
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{remote.filename}.part"
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            _continue(remote, part, progress)
            break
        except urllib.error.HTTPError as error:
            if error.code == RANGE_REFUSED:
                part.unlink(missing_ok=True)
            elif error.code < 500:
                raise _refused(remote, error) from error
            cut: Exception = error
        except _CUT as error:
            cut = error
    else:
        raise DataError(
            f"{remote.url}: no complete answer in {ATTEMPTS} attempts ({cut})",
            remedy="run the same command again: it goes on where it stopped",
        ) from cut
    return _accepted(remote, part, target)


def _continue(remote: Remote, part: Path, progress: Progress) -> None:
    """Append what is missing to ``part``; returns when it is complete."""
    have = part.stat().st_size if part.exists() else 0
    if remote.size is not None and have >= remote.size:
        return
    request = urllib.request.Request(remote.url, headers={"User-Agent": "coldbench"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        # A server without ranges answers 200 with the whole file: begin again.
        have = have if answer.status == 206 and _starts_at(answer, have) else 0
        total = remote.size if remote.size is not None else _total(answer, have)
        with part.open("ab" if have else "wb") as file:
            while chunk := answer.read(min(CHUNK, 1 << 16)):
                file.write(chunk)
                have += len(chunk)
                progress(remote.filename, have, total)
                if total is not None and have > total:
                    break
    if total is not None and have < total:
        raise http.client.IncompleteRead(b"", total - have)


def _starts_at(answer: Any, have: int) -> bool:
    return str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-")


def _total(answer: Any, have: int) -> int | None:
    length = answer.headers.get("Content-Length")
    return have + int(length) if length is not None else None


def _refused(remote: Remote, error: urllib.error.HTTPError) -> DataError:
    return DataError(
        f"{remote.url}: the server answers {error.code} {error.reason}",
        remedy="get the file from the publisher by hand, then `coldbench data add NAME PATH`",
    )


def _accepted(remote: Remote, part: Path, target: Path) -> Path:
    size = part.stat().st_size
    try:
        if remote.size is not None and size != remote.size:
            raise DataError(f"{remote.url}: {size} bytes where {remote.size} were published")
        if remote.checksum is not None:
            require(part, remote.checksum)
    except DataError:
        part.unlink()
        raise
    part.replace(target)
    return target
