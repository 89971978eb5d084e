"""A check as data: its name, what it demands, to whom it applies, and how it is carried out."""

import inspect
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ...isolation.error_advice import advise
from .outcome import NotReached, Outcome, Verdict, Violation


class Examined(Protocol):
    """What checks look at: a method, a dataset or a scenario."""

    @property
    def exemptions(self) -> dict[str, str]:
        """Checks that it exempts itself from, with its reasons."""
        ...


Demand = Callable[[Any], str]
"""Looks at what is examined; returns what it measured, or raises ``Violation``."""
Applies = Callable[[Any], str | None]
"""Returns None when the check applies, else why it does not."""


def always(subject: Examined) -> None:
    """Apply to everything that is examined."""


@dataclass(frozen=True)
class Check:
    """One demand on a method, a dataset or a scenario.

    Attributes
    ----------
    name
        What a class writes into ``exempt``.
    demands
        One sentence.
    demand
        The function that carries it out.
    applies
        To which of them.
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


def carry_out(check: Check, subject: Examined) -> Outcome:
    """Run one check; whatever the examined code raises becomes part of the outcome."""
    start = time.perf_counter()
    verdict, values, remedy = _judge(check, subject)
    return Outcome(check.name, check.demands, verdict, values, remedy, time.perf_counter() - start)


def _judge(check: Check, subject: Examined) -> tuple[Verdict, str, str]:
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
        remedy = advise(error) or "nothing may be raised here; see the place named"
        return Verdict.FAILED, told(error), remedy


def told(error: BaseException) -> str:
    """Return an error as one line: its kind, its text, and the innermost place it came from."""
    text = " ".join(str(error).split())
    if isinstance(error, SystemExit):
        text = f"called sys.exit({text})"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {text}{place}"
