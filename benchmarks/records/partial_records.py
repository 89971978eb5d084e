"""Partial records: only what a leaderboard shows is parsed.

It is cut in the text, where a record has one line per task among its scores, as they are written;
in a text of another layout nothing is cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_SLICES, _SCORES, _END = b'\n "slices": {\n', b'\n "scores": {\n', b"\n }"
_OPENS = b'": {'


@dataclass(frozen=True)
class Cut:
    """What a reader needs of a record.

    Attributes
    ----------
    metrics
        The values to keep, ``"ndcg@10"``; None keeps whatever the record itself holds.
    others
        Keep all values of a task that lacks one of them; else it keeps those that it has.
    """

    metrics: tuple[str, ...] | None
    others: bool = False

    @property
    def joined(self) -> tuple[str, ...]:
        """The values to look for in the details next to the record."""
        return () if self.others or self.metrics is None else self.metrics

    def thin(self, content: bytes) -> bytes:
        """Return a record's text without slices and the values of other metrics."""
        if self.metrics is None:
            return content
        marks = [f'"{name}": {{'.encode() for name in self.metrics]
        start = content.find(_SLICES)
        end = content.find(_END, start)
        if 0 <= start < end:
            content = content[: start + len(_SLICES)] + content[end:]
        start = content.find(_SCORES)
        end = content.find(_END, start)
        if not 0 <= start < end:
            return content
        start += len(_SCORES)
        lines = content[start:end].split(b",\n")
        kept = b",\n".join(_thin_line(line, marks, self.others) for line in lines)
        return content[:start] + kept + content[end:]


AS_WRITTEN = Cut(None)
"""Without the details next to it."""


def make_cut(metrics: Sequence[str], *, others: bool = False) -> Cut:
    """Return the cut that keeps some values; the arguments are those of ``Cut``."""
    return Cut(tuple(metrics), others)


def _thin_line(line: bytes, marks: Sequence[bytes], others: bool) -> bytes:
    """Return the line of a task, ``"task": {"metric": {...}, ...}``, with some of its values."""
    task, opens, metric_values = line.partition(_OPENS)
    if not opens or b"\n" in line:
        return line
    found = []
    for mark in marks:
        start = metric_values.find(mark)
        if start < 0 and others:
            return line
        if start >= 0:
            found.append(metric_values[start : metric_values.index(b"}", start) + 1])
    return task + opens + b", ".join(found) + b"}"
