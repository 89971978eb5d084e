"""The suite: every check, in the order in which failures are reported."""

from collections.abc import Iterator

from . import claims, contract, fitting_checks, leaks, scoring_checks, support, variants
from .check_result import CheckResult, Violation
from .definition import Check, carry_out, check
from .subject import Subject


@check()
def exemptions(subject: Subject) -> str:
    """Require that exemptions name existing checks, with a reason, and never a leak check."""
    declared = getattr(subject.method, "exempt", {})
    if not isinstance(declared, dict):
        raise Violation(f"exempt = {declared!r}", "make it a dict of check name to reason")
    known = {one.name: one for one in CHECKS}
    for name, reason in declared.items():
        if name not in known:
            raise Violation(f"exempt names {name!r}", f"the checks are {', '.join(known)}")
        if known[name].leak:
            raise Violation(f"exempt names the leak check {name}", "a leak check is never skipped")
        if not (isinstance(reason, str) and len(reason.split()) >= 3):
            raise Violation(f"{name} is exempt for {reason!r}", "give the reason as a sentence")
    return f"{len(declared)} exempt"


CHECKS: tuple[Check, ...] = (
    *contract.CHECKS,
    exemptions,
    *fitting_checks.CHECKS,
    *scoring_checks.CHECKS,
    *leaks.CHECKS,
    *claims.CHECKS,
    *support.CHECKS,
    *variants.CHECKS,
)


def examine(subject: Subject) -> Iterator[CheckResult]:
    """Carry out every check on one method, one after the other."""
    for one in CHECKS:
        yield carry_out(one, subject)
