"""What a column of a delimited table may hold."""

import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Kind(Enum):
    """How the text of a cell is read."""

    NAME = "a text that is not empty"
    ID = "a whole number from 0 to 4294967295"
    NUMBER = "a finite number"
    TIME = "a whole number of seconds"
    MOMENT = "a date, or a whole number since 1970"

    @property
    def dtype(self) -> Any:
        """The polars type in which a CSV is read; a MOMENT is parsed afterwards."""
        import polars as pl

        types = {Kind.ID: pl.UInt32, Kind.NUMBER: pl.Float64, Kind.TIME: pl.Int64}
        return types.get(self, pl.String)


WHOLE = re.compile(r"[+-]?[0-9]+\Z")


@dataclass(frozen=True)
class NumberColumn:
    """One column of a table of numbers.

    Attributes
    ----------
    name
        As the user knows it.
    kind
        NAME (text), ID (uint32), NUMBER (float32), TIME (int64) or MOMENT (see ``times``).
    low, high
        Inclusive limits of a NUMBER.
    blank
        An empty cell is allowed and means "not known".
    absent
        The whole column may be missing.
    """

    name: str
    kind: Kind
    low: float = -math.inf
    high: float = math.inf
    blank: bool = False
    absent: bool = False

    def problem(self, cell: str) -> str | None:
        """Return what is wrong with ``cell``, as a clause, or None."""
        text = cell.strip(" ")
        if not text:
            return None if self.blank else "the value is missing"
        if self.kind in (Kind.NAME, Kind.MOMENT):
            return None
        if self.kind is Kind.NUMBER:
            return self._number_problem(text)
        if not WHOLE.match(text):
            return f"{text!r} is not {self.kind.value}"
        if self.kind is Kind.ID and int(text) < 0:
            return f"id {text} is negative"
        top = 2**32 - 1 if self.kind is Kind.ID else 2**63 - 1
        return f"{text} is not {self.kind.value}" if abs(int(text)) > top else None

    def _number_problem(self, text: str) -> str | None:
        try:
            value = float(text)
        except ValueError:
            return f"{text!r} is not a number"
        if not math.isfinite(value) or abs(value) > 3.4e38:
            return f"{text} is not {self.kind.value}"
        if not self.low <= value <= self.high:
            return f"{self.name} {text} is outside {self.low:g}..{self.high:g}"
        return None
