"""The paired difference of any two rows of a task, packed: a pair takes seven bytes.

Of ``n`` rows there are the pairs (1, 0), (2, 0), (2, 1), (3, 0), ... in this order, each the first
row less the second. ``mean`` and ``half`` (of the 95 % interval) are int16 in units of ``unit``,
``p`` (not corrected) is uint16 in units of 1/65535, ``told`` is the number of shared draws, plus
128 where the difference has one sign in each of them; 0 says that the rows share no split.
"""

from base64 import b64encode
from math import isfinite
from typing import Any

import numpy as np

from ..reports.board import Board
from ..reports.differences import Difference, compare_rows

LAYOUT = np.dtype([("mean", "<i2"), ("half", "<i2"), ("p", "<u2"), ("told", "u1")])
ONE_SIGN = 128
LARGEST = 32_000
"""Of an int16; a larger one as ``half`` says that it is not known."""
UNKNOWN = 32_767


def collect_pairs(board: Board, task: str) -> dict[str, Any]:
    """Return the differences of all pairs of rows that have values in a task."""
    rows = [row for row in board.rows if task in row.cells]
    place = {id(row): at for at, row in enumerate(board.rows)}
    pair = board.standing(task).pair_on_split
    found = [
        compare_rows(rows[i], rows[j], task, pair) for i in range(1, len(rows)) for j in range(i)
    ]
    halves = [0.0 if one is None else one.half for one in found]
    sizes = [abs(one.mean) for one in found if one is not None]
    unit = max([*sizes, *filter(isfinite, halves)], default=0.0) / LARGEST or 1.0
    packed = np.array([_pack(*one, unit) for one in zip(found, halves, strict=True)], dtype=LAYOUT)
    return {
        "rows": [place[id(row)] for row in rows],
        "unit": unit,
        "packed": b64encode(packed.tobytes()).decode(),
    }


def _pack(one: Difference | None, half: float, unit: float) -> tuple[int, int, int, int]:
    if one is None:
        return 0, 0, 0, 0
    wide = round(half / unit) if isfinite(half) else UNKNOWN
    p = round(min(max(one.spread.p_value, 0.0), 1.0) * 65_535)
    return round(one.mean / unit), wide, p, min(one.draws, 127) + ONE_SIGN * one.one_sign
