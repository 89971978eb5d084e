"""The results of a check, and the error that reports a violated requirement."""

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Verdict(str, Enum):
    """The result of one check on one method."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    EXEMPT = "exempt"
    NOT_REACHED = "not reached"


BROKEN = frozenset({Verdict.FAILED, Verdict.NOT_REACHED})
"""Verdicts with which a method does not conform: what was not reached is not proven."""


@dataclass(frozen=True)
class CheckResult:
    """One check carried out on one method.

    Attributes
    ----------
    check
        Its name, as a class names it in ``exempt``.
    requirement
        What it requires, one sentence.
    verdict
        What came of it.
    values
        What was measured, or why the check does not apply.
    remedy
        What to do about a failure; empty otherwise.
    seconds
        Wall time.
    """

    check: str
    requirement: str
    verdict: Verdict
    values: str
    remedy: str = ""
    seconds: float = 0.0

    @property
    def broken(self) -> bool:
        """Whether the method does not conform by this check."""
        return self.verdict in BROKEN

    def plain(self) -> dict[str, Any]:
        """Return JSON values."""
        return {**asdict(self), "verdict": self.verdict.value}

    @staticmethod
    def read(values: dict[str, Any]) -> "CheckResult":
        """Return the outcome that ``plain`` wrote."""
        return CheckResult(**{**values, "verdict": Verdict(values["verdict"])})


class Violation(Exception):
    """A broken requirement.

    Parameters
    ----------
    values
        What was observed, with numbers.
    remedy
        What the author of the method can do.
    """

    def __init__(self, values: str, remedy: str) -> None:
        super().__init__(values)
        self.values, self.remedy = values, remedy


class NotReached(Exception):
    """A check that could not be carried out because an earlier step failed."""
