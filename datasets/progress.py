"""How far a long piece of work has come, reported to whoever watches it."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """What ``train.progress`` is; a call costs a few microseconds and changes no value."""

    def __call__(
        self, done: float, total: float, what: str = "step", **values: float | str
    ) -> None:
        """Tell that ``done`` of ``total`` steps are made.

        Parameters
        ----------
        done, total
            Counts; ``done`` may be a fraction. The time left is estimated from both.
        what
            What is counted, in the singular: ``epoch``, ``text``, ``user``.
        values
            What else is worth seeing: ``loss=0.3``, ``validation=0.12``.
        """


def ignore_progress(done: float, total: float, what: str = "step", **values: float | str) -> None:
    """Tell nobody."""


def count_progress(values: Sequence[T], progress: Progress, what: str) -> Iterator[T]:
    """Yield the values and tell before each, and after the last, how many are done."""
    for done, value in enumerate(values):
        progress(done, len(values), what)
        yield value
    progress(len(values), len(values), what)


class Tally:
    """Counts work that is done in unequal parts.

    Parameters
    ----------
    progress
        Whom to tell.
    what
        What is counted.
    """

    def __init__(self, progress: Progress, what: str) -> None:
        self.progress, self.what = progress, what
        self.done, self.total = 0, 0

    def expect(self, total: int) -> None:
        """Begin to count towards a total."""
        self.done, self.total = 0, total

    def add(self, count: int, **values: float | str) -> None:
        """Tell that so many more are done."""
        self.done += count
        self.progress(self.done, self.total, self.what, **values)
