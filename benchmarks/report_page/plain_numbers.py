"""Numbers as the page holds them: short, and nothing that JSON does not know."""

from math import isfinite

DIGITS = 5


def shorten_number(value: float | None, digits: int = DIGITS) -> float | None:
    """Return a number with so many significant digits; None where it is None or not finite."""
    return None if value is None or not isfinite(value) else float(f"{value:.{digits}g}")
