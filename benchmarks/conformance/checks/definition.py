"""A check as data: its name, its requirement, where it applies, and how it is run."""

import inspect
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ...isolation.error_advice import advise
from .check_result import CheckResult, NotReached, Verdict, Violation


class CheckSubject(Protocol):
    """The subject of checks: a method, a dataset or a scenario."""

    @property
    def exemptions(self) -> dict[str, str]:
        """Checks that it exempts itself from, with its reasons."""
        ...


Requirement = Callable[[Any], str]
"""Examines the subject; returns the observed values, or raises ``Violation``."""
Applies = Callable[[Any], str | None]
"""Returns None when the check applies, else why it does not."""


def always(subject: CheckSubject) -> None:
    """Apply to everything that is examined."""


@dataclass(frozen=True)
class Check:
    """One requirement on a method, a dataset or a scenario.

    Attributes
    ----------
    name
        What a class writes into ``exempt``.
    requirement
        One sentence.
    require
        The function that carries it out.
    applies
        To which of them.
    leak
        Whether it guards against leakage; then no class can exempt itself.
    """

    name: str
    requirement: str
    require: Requirement
    applies: Applies = always
    leak: bool = False


def check(*, applies: Applies = always, leak: bool = False) -> Callable[[Requirement], Check]:
    """Make a check of the function below; its docstring begins "Require that" and says what."""

    def wrap(demand: Requirement) -> Check:
        sentence = " ".join((inspect.getdoc(demand) or "").split("\n\n")[0].split()).rstrip(".")
        return Check(demand.__name__, sentence.removeprefix("Require that "), demand, applies, leak)

    return wrap


def carry_out(check: Check, subject: CheckSubject) -> CheckResult:
    """Run one check; whatever the checked code raises becomes part of the result."""
    start = time.perf_counter()
    verdict, values, remedy = _judge(check, subject)
    return CheckResult(
        check.name, check.requirement, verdict, values, remedy, time.perf_counter() - start
    )


def _judge(check: Check, subject: CheckSubject) -> tuple[Verdict, str, str]:
    reason = subject.exemptions.get(check.name)
    if reason is not None and not check.leak:
        return Verdict.EXEMPT, reason, ""
    try:
        unfit = check.applies(subject)
        if unfit is not None:
            return Verdict.NOT_APPLICABLE, unfit, ""
        return Verdict.PASSED, check.require(subject), ""
    except Violation as broken:
        return Verdict.FAILED, broken.values, broken.remedy
    except NotReached as earlier:
        return Verdict.NOT_REACHED, str(earlier), "fix what failed first"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may raise anything, sys.exit included
        remedy = advise(error) or "nothing may be raised here; see the place named"
        return Verdict.FAILED, describe_error(error), remedy


def describe_error(error: BaseException) -> str:
    """Return an error as one line: its kind, its text, and the innermost place it came from."""
    text = " ".join(str(error).split())
    if isinstance(error, SystemExit):
        text = f"called sys.exit({text})"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {text}{place}"
