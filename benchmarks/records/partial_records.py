"""Partial records: only what a leaderboard shows is parsed.

It is cut in the text, where a record has one line per task among its scores, as they are written;
in a text of another layout nothing is cut.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SLICES, _SCORES, _END = b'\n "slices": {\n', b'\n "scores": {\n', b"\n }"
_OPENS = re.compile(rb'": ?\{')  # records of earlier versions have spaces


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
        marks = [
            re.compile(rb'"%b": ?\{[^}]*\}' % re.escape(name).encode()) for name in self.metrics
        ]
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


def _thin_line(line: bytes, marks: Sequence[re.Pattern[bytes]], others: bool) -> bytes:
    """Return the line of a task, ``"task":{"metric":{...},...}``, with some of its values."""
    opens = _OPENS.search(line)
    if opens is None or b"\n" in line:
        return line
    found = [mark.search(line, opens.end()) for mark in marks]
    if others and None in found:
        return line
    kept = b",".join(one.group() for one in found if one is not None)
    return line[: opens.end()] + kept + b"}"
