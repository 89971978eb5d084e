"""One finding of an audit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A violated rule and the observation."""

    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"
