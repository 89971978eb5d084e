"""Files whose line i is ``n a b c ...``: the n members of entity i."""

from pathlib import Path

import numpy as np

from ..arrays import LongArray
from ..errors import DataError
from .raw_bytes import read_raw


def read_lists(
    path: Path, member: str, limit: int | None = None, stored: bytes | None = None
) -> tuple[LongArray, LongArray]:
    """Return (line, member) of every member, lines counting from 0.

    Parameters
    ----------
    path
        The file, plain or gzipped.
    member
        What the members are, for messages: ``item``, ``tag``.
    limit
        Members must be below this; None for no limit.
    stored
        The bytes of the file where they were read already.

    Raises
    ------
    DataError
        With the line and the value: not a whole number, negative, too large, a wrong count.
    """
    content = read_raw(path, stored).rstrip(b"\r\n")
    rows = [line.split() for line in content.split(b"\n")]
    sizes = np.array([len(row) for row in rows])
    flat = [cell for row in rows for cell in row]
    if not all(map(bytes.isdigit, flat)) or not sizes.all():
        raise _first_error(path, rows, member)
    numbers = np.array(flat, dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    wrong = np.flatnonzero(numbers[starts] != sizes - 1)
    if len(wrong):
        at = int(wrong[0])
        raise DataError(
            f"the line announces {numbers[starts[at]]} members and has {sizes[at] - 1}",
            path=path,
            line=at + 1,
            column=member,
            remedy="each line reads 'count member member ...'",
        )
    members = np.delete(numbers, starts)
    lines = np.repeat(np.arange(len(rows)), sizes - 1)
    if limit is not None and len(members) and members.max() >= limit:
        at = int(np.argmax(members >= limit))
        raise DataError(
            f"{member} {members[at]} is unknown, there are {limit} (0 to {limit - 1})",
            path=path,
            line=int(lines[at]) + 1,
            column=member,
        )
    return lines, members


def _first_error(path: Path, rows: list[list[bytes]], member: str) -> DataError:
    for number, row in enumerate(rows, start=1):
        if not row:
            return DataError(
                "the line is empty",
                path=path,
                line=number,
                remedy="an entity without members reads '0'",
            )
        for cell in row:
            if not cell.isdigit():
                text = cell.decode("utf-8", "replace")
                kind = (
                    "negative" if cell[:1] == b"-" and cell[1:].isdigit() else "not a whole number"
                )
                return DataError(f"{text!r} is {kind}", path=path, line=number, column=member)
    return DataError("a line cannot be read", path=path)
