"""The suite: every check, in the order in which a reader wants to hear of failures."""

from collections.abc import Iterator

from . import contract, fitting, leaks, scoring, solving, variants
from .check import Check, carry_out
from .outcome import Outcome
from .subject import Subject

CHECKS: tuple[Check, ...] = (
    *contract.CHECKS,
    *fitting.CHECKS,
    *scoring.CHECKS,
    *leaks.CHECKS,
    *solving.CHECKS,
    *variants.CHECKS,
)


def examine(subject: Subject) -> Iterator[Outcome]:
    """Carry out every check on one method, one after the other."""
    for check in CHECKS:
        yield carry_out(check, subject)
