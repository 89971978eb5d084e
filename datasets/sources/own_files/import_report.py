"""What was found in the files of a dataset and what was left out: shown with its card."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Found:
    """One column of one file.

    Attributes
    ----------
    table
        ``interactions``, ``users``, ``items`` or ``graph``.
    column
        Its name in the file.
    kind
        ``user id``, ``rating``, ``time``, ``category``, ``number``, ``date``, ``text``, ``vector``,
        ``not used``.
    remark
        Counts, unit, or why it is taken so.
    """

    table: str
    column: str
    kind: str
    remark: str = ""


@dataclass
class ImportReport:
    """What was found and what was left aside, in the order in which it was met.

    Attributes
    ----------
    files
        Table and how its file is written.
    columns
        Every column of every file.
    dropped
        What was left aside and why, one sentence each.
    """

    files: list[tuple[str, str]] = field(default_factory=list)
    columns: list[Found] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def drop(self, count: int, what: str) -> None:
        """Note that ``count`` of something were left aside; nothing when there are none."""
        if count:
            self.dropped.append(f"{count:,} {what}")
