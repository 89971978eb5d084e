"""What a class says of itself."""

import re
from typing import Any

_EMPTY_LINE = re.compile(r"\n[ \t]*\n")


def first_sentence(target: type[Any]) -> str:
    """Return the first sentence of a docstring, on one line; "" for a generated one."""
    doc = _EMPTY_LINE.split((target.__doc__ or "").strip(), 1)[0]
    if doc.startswith(f"{target.__name__}("):  # the docstring that dataclass makes up
        return ""
    return " ".join(doc.split())
