"""What to do about an error that a method's library raises, where the text alone does not say."""

import re

_READ_ONLY = re.compile(r"read-?only|not writ(e)?able", re.IGNORECASE)
"""Cython's buffers, numpy and numba say it in these words."""


def advice(error: BaseException) -> str | None:
    """Return what the author of a method can do about an error; None when nothing is known."""
    if isinstance(error, (ValueError, TypeError)) and _READ_ONLY.search(str(error)):
        return (
            "the arrays that fit and score are given are read-only: hand the library a copy, "
            "for example train.interactions.csr.copy() or items.features.copy()"
        )
    return None
