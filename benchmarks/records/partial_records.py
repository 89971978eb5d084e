"""Partial records: only what a leaderboard shows is parsed.

It is cut in the text, where a record has one line per task among its scores, as they are written;
in a text of another layout nothing is cut.
"""

from collections.abc import Callable, Sequence

_SLICES, _SCORES, _END = b'\n "slices": {\n', b'\n "scores": {\n', b"\n }"
_OPENS = b'": {'


def make_cut(metrics: Sequence[str], *, others: bool = False) -> Callable[[bytes], bytes]:
    """Return what cuts slices and the values of other metrics out of a record's text.

    Parameters
    ----------
    metrics
        The values to keep, ``"ndcg@10"``.
    others
        Keep all values of a task that lacks one of them; else it keeps those that it has.
    """
    marks = [f'"{name}": {{'.encode() for name in metrics]

    def thin(content: bytes) -> bytes:
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
        kept = b",\n".join(_thin_line(line, marks, others) for line in lines)
        return content[:start] + kept + content[end:]

    return thin


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
