"""Learned state on disk: nested arrays in one npz file, read back without running any code."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse

from ..datasets.atomic import replace_atomically


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write nested dicts, lists, tuples, arrays, CSR matrices, texts, numbers and None to ``path``.

    The file is written next to ``path`` and moved over it, so a reader never sees half of it.
    """
    arrays: dict[str, np.ndarray] = {}
    tree = _pack(state, arrays, type(state).__name__)
    arrays["tree"] = np.frombuffer(json.dumps(tree).encode(), dtype=np.uint8)
    with replace_atomically(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_state(path: Path) -> dict[str, Any]:
    """Read what ``save_state`` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        state = _unpack(json.loads(arrays["tree"].tobytes()), arrays)
    if not isinstance(state, dict):
        raise ValueError(f"{path} holds no learned state")
    return state


def _pack(value: Any, arrays: dict[str, np.ndarray], place: str) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return {"value": value}
    if isinstance(value, np.generic):
        return {"value": value.item()}
    if issparse(value):
        parts = {"data": value.data, "indices": value.indices, "indptr": value.indptr}
        return {"csr": list(value.shape), "parts": _pack(parts, arrays, place)}
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return {"texts": [str(text) for text in value]}
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, dict):
        return {"dict": {str(k): _pack(v, arrays, f"{place}.{k}") for k, v in value.items()}}
    if isinstance(value, (list, tuple)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_pack(v, arrays, place) for v in value]}
    raise TypeError(
        f"{place}: cannot save a {type(value).__name__}; turn it into arrays in state()"
    )


def _unpack(node: dict[str, Any], arrays: Any) -> Any:
    kind, content = next(iter(node.items()))
    if kind == "value":
        return content
    if kind == "csr":
        parts = _unpack(node["parts"], arrays)
        return csr_matrix((parts["data"], parts["indices"], parts["indptr"]), shape=content)
    if kind == "array":
        return arrays[content]
    if kind == "texts":
        return np.array(content, dtype=object)
    if kind == "dict":
        return {k: _unpack(v, arrays) for k, v in content.items()}
    items = [_unpack(v, arrays) for v in content]
    return tuple(items) if kind == "tuple" else items
