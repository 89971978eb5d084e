"""``tracking=none``: records stay where they are."""

from dataclasses import dataclass
from pathlib import Path

from ..records.record import RunRecord


@dataclass
class NoTracking:
    """Mirrors nothing."""

    def send(self, record: RunRecord, rankings: Path | None) -> None:
        """Do nothing."""
