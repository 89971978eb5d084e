"""A check as data: its name, what it demands, to whom it applies, and how it is carried out."""

import inspect
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..advice import advice
from .outcome import NotReached, Outcome, Verdict, Violation
from .subject import Subject

Demand = Callable[[Subject], str]
"""Looks at a method; returns what it measured, or raises ``Violation``."""
Applies = Callable[[Subject], str | None]
"""Returns None when the check applies, else why it does not."""


def always(subject: Subject) -> None:
    """Apply to every method."""


@dataclass(frozen=True)
class Check:
    """One demand on a method.

    Attributes
    ----------
    name
        What a class writes into ``exempt``.
    demands
        One sentence.
    demand
        The function that carries it out.
    applies
        To which methods.
    leak
        Whether it guards against leakage; then no class can exempt itself.
    """

    name: str
    demands: str
    demand: Demand
    applies: Applies = always
    leak: bool = False


def check(*, applies: Applies = always, leak: bool = False) -> Callable[[Demand], Check]:
    """Make a check of the function below; its docstring begins "Demand that" and says what."""

    def wrap(demand: Demand) -> Check:
        sentence = " ".join((inspect.getdoc(demand) or "").split("\n\n")[0].split()).rstrip(".")
        return Check(demand.__name__, sentence.removeprefix("Demand that "), demand, applies, leak)

    return wrap


def carry_out(check: Check, subject: Subject) -> Outcome:
    """Run one check on one method; whatever the method raises becomes part of the outcome."""
    start = time.perf_counter()
    verdict, values, remedy = _judge(check, subject)
    return Outcome(check.name, check.demands, verdict, values, remedy, time.perf_counter() - start)


def _judge(check: Check, subject: Subject) -> tuple[Verdict, str, str]:
    reason = subject.exemptions.get(check.name)
    if reason is not None and not check.leak:
        return Verdict.EXEMPT, reason, ""
    try:
        unfit = check.applies(subject)
        if unfit is not None:
            return Verdict.NOT_APPLICABLE, unfit, ""
        return Verdict.PASSED, check.demand(subject), ""
    except Violation as broken:
        return Verdict.FAILED, broken.values, broken.remedy
    except NotReached as earlier:
        return Verdict.NOT_REACHED, str(earlier), "repair what failed first"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may raise anything, sys.exit included
        remedy = advice(error) or "the method must not raise here; see the place named"
        return Verdict.FAILED, told(error), remedy


def told(error: BaseException) -> str:
    """Return an error as one line: its kind, its text, and the innermost place it came from."""
    text = " ".join(str(error).split())
    if isinstance(error, SystemExit):
        text = f"called sys.exit({text})"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {text}{place}"
