"""Read-only copies of a split that several runs share.

Nor can it read there what is held back: ``validate`` of a read-only training data is opaque.
"""

import copy
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

from ...datasets.world import TrainView
from .opaque import make_opaque

T = TypeVar("T")


def make_read_only(content: T) -> T:
    """Return the same content in objects of its own, over memory that cannot be made writable.

    Arrays and CSR matrices share their memory with the given ones, so this costs no copy; their
    ``setflags(write=True)`` is refused. What is put into a matrix in place of its arrays, or
    kept on an object, stays in the returned objects. The ``validate`` of a ``TrainView`` is opaque
    like the rest and can then be called, not looked into.

    Parameters
    ----------
    content
        A ``Split`` or ``TrainView``: dataclasses, mappings, numpy arrays and CSR matrices.
    """
    made: T = _sealed(content, {})
    return made


def _sealed(content: Any, known: dict[int, Any]) -> Any:
    """Return the read-only form; objects that occur twice stay one object."""
    if id(content) in known:
        return known[id(content)]
    made = content
    if isinstance(content, np.ndarray):
        made = _locked(content)
    elif hasattr(content, "indptr"):
        made = copy.copy(content)
        for name in ("data", "indices", "indptr"):
            setattr(made, name, _sealed(getattr(content, name), known))
    elif isinstance(content, Mapping):
        made = {key: _sealed(value, known) for key, value in content.items()}
    elif is_dataclass(content) and not isinstance(content, type):
        parts = {one.name: getattr(content, one.name) for one in fields(content)}
        if all(one.init for one in fields(content)):
            made = type(content)(**{name: _sealed(part, known) for name, part in parts.items()})
    if isinstance(made, TrainView):
        made = replace(made, validate=make_opaque(made.validate))
    known[id(content)] = made
    return made


def _locked(array: np.ndarray) -> np.ndarray:
    """Return the array over a read-only memoryview: numpy asks the owner and is refused."""
    try:
        return np.asarray(memoryview(array).toreadonly())  # type: ignore[arg-type]
    except ValueError:  # a type that memoryview does not know, such as datetime64
        return np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape)
