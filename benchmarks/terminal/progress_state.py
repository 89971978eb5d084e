"""The progress of a run, as reported by its method."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...datasets.progress import ignore_progress
from .console import format_duration

Clock = Callable[[], float]


@dataclass(frozen=True)
class ProgressState:
    """What is known of a run now.

    Attributes
    ----------
    stage
        ``fit``, ``score`` or ``validation``.
    seconds
        Since the stage began.
    done, total, what
        Steps made of how many, and what a step is; ``total`` is 0 where nothing was reported.
    left
        Seconds that the remaining steps would take at the speed so far; None while unknown.
    values
        What else was reported, as text.
    """

    stage: str
    seconds: float
    done: float = 0.0
    total: float = 0.0
    what: str = ""
    left: float | None = None
    values: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """Return counts, time and values in a line, the more important first."""
        parts = [f"{self.what} {self.done:.0f}/{self.total:.0f}"] if self.total else []
        parts.append(f"{format_duration(self.seconds)} so far")
        if self.left is not None and self.done < self.total:
            parts.append(f"{format_duration(self.left)} left")
        return " · ".join([*parts, *self.values])


class ProgressChannel:
    """The ``train.progress`` of a run; it keeps the last call, and whoever shows it comes to look.

    A copy of it, by pickle or for a method that is kept, tells nobody.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self.begin("fit")

    def begin(self, stage: str) -> None:
        """Forget what was reported and count the seconds anew."""
        self._stage = _Stage(stage, self._clock())

    def __call__(
        self, done: float, total: float, what: str = "step", **values: float | str
    ) -> None:
        """Keep what is reported; see ``Progress``."""
        stage, now = self._stage, self._clock()
        pace = stage.paces.get(what)
        if pace is None or done < pace.done:
            pace = stage.paces[what] = _StepSpeed(now, done)
        pace.done, pace.at = done, now
        stage.last = (pace, done, total, what, values)

    def now(self) -> ProgressState:
        """Return what is known."""
        stage, now = self._stage, self._clock()
        if stage.last is None:
            return ProgressState(stage.name, now - stage.began)
        pace, done, total, what, values = stage.last
        return ProgressState(
            stage.name,
            now - stage.began,
            math.floor(done),
            total,
            what,
            pace.left(now, total),
            tuple(f"{name} {_shown(value)}" for name, value in values.items()),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _nobody, ()


def _nobody() -> Any:
    return ignore_progress


class _StepSpeed:
    """When one kind of step was first and last counted."""

    def __init__(self, began: float, first: float) -> None:
        self.began, self.first = began, first
        self.at, self.done = began, first

    def left(self, now: float, total: float) -> float | None:
        """Return the seconds until ``total``, None before there is a speed."""
        if self.done <= self.first:
            return None
        each = (self.at - self.began) / (self.done - self.first)
        return max(0.0, each * (total - self.done) - (now - self.at))


class _Stage:
    """One part of a run, with a pace for each kind of step."""

    def __init__(self, name: str, began: float) -> None:
        self.name, self.began = name, began
        self.paces: dict[str, _StepSpeed] = {}
        self.last: tuple[_StepSpeed, float, float, str, dict[str, float | str]] | None = None


def _shown(value: float | str) -> str:
    """Return a value as short text without control characters."""
    text = value if isinstance(value, str) else f"{value:.4g}"
    return "".join(letter for letter in text if letter.isprintable())
