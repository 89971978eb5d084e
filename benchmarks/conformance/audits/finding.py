"""One thing that a split or a dataset gives away."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A broken rule and what was seen."""

    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"
