"""Errors that people read: a sentence with the value, the place and the remedy."""

from pathlib import Path


class ColdbenchError(Exception):
    """Base of every error that coldbench raises on purpose; its text is meant for the user."""


class DataError(ColdbenchError, ValueError):
    """Input data that cannot be used, with file, line, column and value.

    Parameters
    ----------
    problem
        What is wrong, as a clause ("rating 11 is outside 0..10").
    path, line, column
        Where, as far as it is known; ``line`` counts from 1.
    remedy
        What the user can do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        path: Path | str | None = None,
        line: int | None = None,
        column: str | None = None,
        remedy: str | None = None,
    ) -> None:
        place = ", ".join(
            part
            for part in (
                str(path) if path is not None else "",
                f"line {line}" if line is not None else "",
                f"column {column!r}" if column is not None else "",
            )
            if part
        )
        text = f"{place}: {problem}" if place else problem
        super().__init__(f"{text}; {remedy}" if remedy else text)
        self.path, self.line, self.column = path, line, column


class SplitError(ColdbenchError, ValueError):
    """A dataset that a scenario cannot split, with the reason."""


class NoValidationError(ColdbenchError):
    """Nothing validates: the split is as its scenario made it, or no validation task has users."""


class NotApplicableError(ColdbenchError):
    """A method that needs what the split does not give; the run is recorded as not applicable."""


class IncompleteMethodError(ColdbenchError, TypeError):
    """A class of methods that does not define what a method must."""


class NotFittedError(ColdbenchError, AttributeError):
    """A method that is to score before ``fit``."""
