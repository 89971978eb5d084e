"""Tables of user, item, rating, timestamp: large ones in one pass, the rest by the C parser."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..interactions import NO_TIME
from .numbers import read_numbers
from .raw_bytes import read_raw
from .schema import NumberColumn

LARGE = 4_000_000
"""Bytes from which on the pass is worth loading its compiler for."""


def read_ratings(
    path: Path, columns: Sequence[NumberColumn], separator: str, stored: bytes | None = None
) -> dict[str, np.ndarray]:
    """Return what ``read_numbers`` returns of a table of ID, ID, NUMBER and TIME.

    A large file in the plainest form is read in one compiled pass, in less than half the time of
    the C parser with its checks; any other, and every file with an error, goes to
    ``read_numbers``.
    """
    content = read_raw(path, stored)
    if len(content) >= LARGE:
        table = read_in_one_pass(content, columns, separator)
        if table is not None:
            return table
    return read_numbers(path, columns, separator, content)


def read_in_one_pass(
    content: bytes, columns: Sequence[NumberColumn], separator: str
) -> dict[str, np.ndarray] | None:
    """Return the table, or None when the file is not in the plainest form."""
    from ._rating_kernels import parse_ratings

    rows = content.count(b"\n") + 1
    users, items = np.empty(rows, dtype=np.uint32), np.empty(rows, dtype=np.uint32)
    values, times = np.empty(rows, dtype=np.float32), np.empty(rows, dtype=np.int64)
    _, _, rating, time = columns
    read = parse_ratings(
        np.frombuffer(content, dtype=np.uint8),
        ord(separator[0]),
        len(separator),
        rating.low,
        rating.high,
        NO_TIME,
        time.blank,
        users,
        items,
        values,
        times,
    )
    if read <= 0:
        return None
    names = [column.name for column in columns]
    cells: list[np.ndarray] = [users[:read], items[:read], values[:read], times[:read]]
    return dict(zip(names, cells, strict=True))
