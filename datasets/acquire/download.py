"""Downloads that go on where they were cut off."""

import http.client
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import DataError
from .checksum import require
from .data_file import Download

DownloadProgress = Callable[[str, int, int | None], None]
"""Called with (file name, bytes so far, bytes in all or None)."""

ATTEMPTS = 5
TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as cut."""

SLOWEST = 4_096
WINDOW = 60.0
"""A server that sends fewer than ``SLOWEST`` bytes a second over ``WINDOW`` seconds is left."""

LARGEST = 2_000_000_000
"""Bytes of a download whose size is not published."""

RANGE_REFUSED = 416
_CUT = (http.client.HTTPException, ConnectionError, TimeoutError, urllib.error.URLError)


def no_progress(name: str, done: int, total: int | None) -> None:
    """Report nothing."""


def download(
    wanted: Download, folder: Path, progress: DownloadProgress = no_progress, *, pause: float = 1.0
) -> Path:
    """Return the checked file in ``folder``, downloading what of it is missing.

    Bytes gather in ``NAME.part``, which outlives an interruption: the next call asks the server
    only for the rest. The name without ``.part`` appears when size and checksum are right.

    Parameters
    ----------
    wanted
        What to download.
    folder
        Where to; created.
    progress
        Called with how far it is.
    pause
        Seconds before the second attempt; doubled each time.

    Raises
    ------
    DataError
        The server refuses, sends more than was published or too slowly, the connection is cut
        too often, or size or checksum is wrong; a file with a wrong checksum is removed.
    """
    target = folder / wanted.filename
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{wanted.filename}.part"
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            _continue(wanted, part, progress)
            break
        except urllib.error.HTTPError as error:
            if error.code == RANGE_REFUSED:
                part.unlink(missing_ok=True)
            elif error.code < 500:
                raise _refused(wanted, error) from error
            cut: Exception = error
        except _CUT as error:
            cut = error
    else:
        raise DataError(
            f"{wanted.url}: no complete answer in {ATTEMPTS} attempts ({cut})",
            remedy="run the same command again: it goes on where it stopped",
        ) from cut
    return _accepted(wanted, part, target)


def _continue(wanted: Download, part: Path, progress: DownloadProgress) -> None:
    """Append what is missing to ``part``; returns when it is complete."""
    have = part.stat().st_size if part.exists() else 0
    if wanted.size is not None and have >= wanted.size:
        return
    request = urllib.request.Request(wanted.url, headers={"User-Agent": "coldbench"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with _answered(request) as answer:
        # A server without ranges answers 200 with the whole file: begin again.
        have = have if answer.status == 206 and _starts_at(answer, have) else 0
        total = wanted.size if wanted.size is not None else _total(answer, have)
        _refuse_excess(wanted, part, total or 0)
        pace = _Speed(wanted)
        with part.open("ab" if have else "wb") as file:
            # Not read(), which waits for the whole block of a server that sends single bytes.
            while chunk := answer.read1(1 << 16):
                file.write(chunk)
                have += len(chunk)
                progress(wanted.filename, have, total)
                _refuse_excess(wanted, part, have)
                pace.went_on(len(chunk))
    if total is not None and have < total:
        raise http.client.IncompleteRead(b"", total - have)


def _answered(request: urllib.request.Request) -> Any:
    """Open the answer, in bounded time also when the server sends its header byte by byte."""
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(urllib.request.urlopen(request, timeout=TIMEOUT))
        except BaseException as error:  # raised again where it is waited for
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=2 * WINDOW)
    except queue.Empty:
        raise TimeoutError("no answer") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


@dataclass
class _Speed:
    """Watches that a server does not trickle."""

    wanted: Download
    since: float = field(default_factory=time.monotonic)
    sent: int = 0

    def went_on(self, size: int) -> None:
        self.sent += size
        passed = time.monotonic() - self.since
        if passed < WINDOW:
            return
        if self.sent < SLOWEST * passed:
            raise DataError(
                f"{self.wanted.url}: {self.sent:,} bytes in {passed:.0f} s are fewer than "
                f"{SLOWEST:,} a second",
                remedy="run the same command later: it goes on where it stopped",
            )
        self.since, self.sent = time.monotonic(), 0


def _refuse_excess(wanted: Download, part: Path, size: int) -> None:
    """Refuse more bytes than were published, or than any dataset has."""
    limit = LARGEST if wanted.size is None else wanted.size
    if size > limit:
        part.unlink(missing_ok=True)
        known = "were published" if wanted.size is not None else "any dataset has"
        raise DataError(
            f"{wanted.url}: more than the {limit:,} bytes that {known}",
            remedy="get the file from the publisher by hand, then `coldbench data add NAME PATH`",
        )


def _starts_at(answer: Any, have: int) -> bool:
    return str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-")


def _total(answer: Any, have: int) -> int | None:
    length = answer.headers.get("Content-Length")
    return have + int(length) if length is not None else None


def _refused(wanted: Download, error: urllib.error.HTTPError) -> DataError:
    return DataError(
        f"{wanted.url}: the server answers {error.code} {error.reason}",
        remedy="get the file from the publisher by hand, then `coldbench data add NAME PATH`",
    )


def _accepted(wanted: Download, part: Path, target: Path) -> Path:
    size = part.stat().st_size
    try:
        if wanted.size is not None and size != wanted.size:
            raise DataError(f"{wanted.url}: {size} bytes where {wanted.size} were published")
        if wanted.checksum is not None:
            require(part, *wanted.checksum)
    except DataError:
        part.unlink()
        raise
    part.replace(target)
    return target
