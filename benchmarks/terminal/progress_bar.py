"""Progress of a long run: a bar on a terminal, otherwise a line per minute."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..isolation.first_process import is_first_process
from .progress_state import Clock, ProgressChannel, ProgressState

if TYPE_CHECKING:
    from rich.console import Console

LOOK_SECONDS = 0.5
"""How often the bar is drawn."""
LINE_SECONDS = 60.0
SHOWN_AFTER = 5.0
TRAINING_SHOWN_AFTER = 1.0
"""Seconds before a bar appears; sooner where a loss is reported: training is seldom short."""
BAR_WIDTH = 16
WIPE = "\r\x1b[2K"
"""Sent to a terminal to empty the line and begin it anew."""

_lock = threading.Lock()
"""Held while anything is drawn, so that lines and bar do not mix and no fork falls in between."""
os.register_at_fork(
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)
_drawn: "ProgressBar | None" = None
"""The one bar of this process."""


@contextmanager
def show_progress(label: str, *, bar: bool = True) -> Iterator[ProgressChannel]:
    """Show how far the block is, as it tells the channel, and leave nothing on the screen.

    Only the first of several processes that train together shows anything.

    Parameters
    ----------
    label
        The run, for the lines: ``kgcn · grid/ml-1m · seed 0``.
    bar
        False for lines alone on a terminal too: several processes may share it.
    """
    global _drawn
    channel = ProgressChannel()
    if not is_first_process():
        yield channel
        return
    drawn = None
    if bar and _drawn is None and _can_draw():
        drawn = _drawn = ProgressBar(label.split(" · ")[0], _terminal())
    lines = ProgressLines(label, None if drawn else _to_standard_error())
    end = threading.Event()
    watcher = threading.Thread(target=_watch, args=(channel, drawn, lines, end), daemon=True)
    watcher.start()
    try:
        yield channel
    finally:
        end.set()
        if drawn is not None:
            with _lock:
                _drawn = None
                drawn.hide()
        watcher.join()


@contextmanager
def hide_bar() -> Iterator[None]:
    """Take the bar from the screen while something else is printed; it comes back by itself."""
    with _lock:
        if _drawn is not None:
            _drawn.hide()
        yield


def _watch(
    channel: ProgressChannel,
    bar: "ProgressBar | None",
    lines: "ProgressLines",
    end: threading.Event,
) -> None:
    """Look at a run every now and then until it ends."""
    while not end.wait(LOOK_SECONDS):
        try:
            with _lock:
                if end.is_set():
                    return
                moment = channel.now()
                lines.look(moment)
                if bar is not None:
                    bar.look(moment)
        except Exception as error:  # whatever a plugin told, the run must not suffer
            logging.getLogger(__name__).warning("progress is not shown: %r", error)
            return


class ProgressLines:
    """A line a minute in the log and, unless a bar is there, on standard error.

    Parameters
    ----------
    label
        Begins every line.
    write
        Where lines go besides the log, or None.
    clock
        Seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        label: str,
        write: Callable[[str], object] | None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._label, self._write, self._clock = label, write, clock
        self._due = clock() + LINE_SECONDS

    def look(self, moment: ProgressState) -> None:
        """Write a line when one is due."""
        now = self._clock()
        if now < self._due:
            return
        self._due = now + LINE_SECONDS
        line = f"{self._label} · {moment.stage}: {moment.message}"
        logging.getLogger(__name__).info("%s", line)
        if self._write is not None:
            self._write(f"{line}\n")


class ProgressBar:
    """The bar of the present run; a thread of its own draws it, so a long solve shows one too."""

    def __init__(self, name: str, console: "Console") -> None:
        self._name, self._console = name, console
        self._there = False

    def look(self, moment: ProgressState) -> None:
        """Draw the bar, once the stage has taken long enough to be worth it."""
        training = any(one.startswith("loss ") for one in moment.values)
        self._wipe()
        if moment.seconds < (TRAINING_SHOWN_AFTER if training else SHOWN_AFTER):
            return
        self._there = True
        line = f"{self._name} {moment.stage} {_drawn_share(moment)}{moment.message}"
        self._console.print(line, end="", soft_wrap=False, no_wrap=True, overflow="ellipsis")
        self._console.file.flush()

    def hide(self) -> None:
        """Take the bar from the screen."""
        self._wipe()
        self._console.file.flush()

    def _wipe(self) -> None:
        if self._there:
            self._console.file.write(WIPE)
            self._there = False


def _drawn_share(moment: ProgressState) -> str:
    """Return the bar itself, empty where nothing is counted."""
    if not moment.total:
        return ""
    full = min(BAR_WIDTH, max(0, round(BAR_WIDTH * moment.done / moment.total)))
    return "━" * full + "╌" * (BAR_WIDTH - full) + " "


def _can_draw() -> bool:
    """Say whether standard error is a terminal that can empty a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def _terminal() -> "Console":
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False, markup=False, emoji=False)


def _to_standard_error() -> Callable[[str], object]:
    """Return a writer on the present stream, whatever a method puts into its place later."""
    stream = sys.stderr

    def write(line: str) -> None:
        stream.write(line)
        stream.flush()

    return write
