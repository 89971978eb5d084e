"""What a class says of itself."""

import inspect
from typing import Any


def first_sentence(target: type[Any]) -> str:
    """Return the first sentence of a docstring, on one line; "" for a generated one."""
    doc = inspect.cleandoc(target.__doc__ or "").split("\n\n")[0]
    if doc.startswith(f"{target.__name__}("):  # the docstring that dataclass makes up
        return ""
    return " ".join(doc.split())
