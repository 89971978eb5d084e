"""How a run ended and what it took, as a record holds it."""

from enum import Enum
from math import nan

from pydantic import BaseModel, ConfigDict


class Status(str, Enum):
    """How a run ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"


class Cost(BaseModel):
    """What a run took.

    Attributes
    ----------
    fit_seconds, score_seconds
        Wall-clock time of ``fit`` and of the evaluation.
    validation_seconds
        Of the measurement on the validation tasks after ``fit``; None where there was none.
    peak_bytes
        The most resident memory of the process from the start of ``fit`` to the end of scoring,
        interpreter and data included; None where another run came before in the same process.
        In schema 1 it is the growth since the start of ``fit``, which depends on those runs.
    trainable_parameters, parameters
        As the method counts them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fit_seconds: float
    score_seconds: float
    validation_seconds: float | None = None
    peak_bytes: int | None
    trainable_parameters: int
    parameters: int

    def hide_measured(self) -> "Cost":
        """Return it without seconds (NaN) and memory, which no two runs have in common."""
        nothing = {"validation_seconds": None, "peak_bytes": None}
        return self.model_copy(update={"fit_seconds": nan, "score_seconds": nan, **nothing})
