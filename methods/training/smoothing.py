"""Which of many validations is kept: the best of the three neighbours with the highest mean.

A validation on a few hundred users jumps, and the highest of fifty jumps is kept for its luck. A
stretch of three that is high together is not luck alone. Inside the best stretch the highest value
is taken, so that a curve that rises to the end keeps its end, and one that falls from the start
keeps its start.
"""

import math
from collections.abc import Sequence

WINDOW = 3
"""Neighbouring validations whose mean decides."""


def find_kept(values: Sequence[float]) -> int:
    """Return the position of the validation whose weights are kept.

    Parameters
    ----------
    values
        One or more validations in their order, higher is better; fewer than three are one window.
        NaN counts as the lowest. Of equal ones the earliest is kept.
    """
    known = [-math.inf if math.isnan(value) else value for value in values]
    width = min(WINDOW, len(known))
    means = [sum(known[at : at + width]) / width for at in range(len(known) - width + 1)]
    start = means.index(max(means))
    window = known[start : start + width]
    return start + window.index(max(window))


def find_waiting(values: Sequence[float]) -> set[int]:
    """Return the positions that are kept now or may be once another value has come."""
    newest = range(max(0, len(values) - WINDOW + 1), len(values))
    return {find_kept(values), *newest}
