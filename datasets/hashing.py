"""One sha256 over content of mixed kinds, the same on every machine."""

import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np


def hash_content(*parts: object) -> str:
    """Return the sha256 (hex) of ``parts``: what is equal hashes equal, what differs differs.

    Every part is preceded by its kind and length, so that no two sequences of parts run together.
    Arrays count with dtype and shape, always little-endian; arrays of text count as their texts,
    whatever width they are stored in; a CSR matrix counts in canonical order.

    Parameters
    ----------
    parts
        numpy arrays, CSR matrices, str, bytes, bool, int, float, None, Enum members, and
        sequences or mappings of these.

    Raises
    ------
    TypeError
        For any other kind of object.
    """
    digest = hashlib.sha256()
    for part in parts:
        _feed(digest, part)
    return digest.hexdigest()


def _feed(digest: Any, part: object) -> None:
    if isinstance(part, Enum):
        _feed(digest, part.value)
    elif isinstance(part, np.ndarray):
        _feed_array(digest, part)
    elif hasattr(part, "indptr"):
        _feed_csr(digest, part)
    elif isinstance(part, Mapping):
        _feed_many(digest, b"m", [pair for key in sorted(part) for pair in (key, part[key])])
    elif isinstance(part, Sequence) and not isinstance(part, str | bytes):
        _feed_many(digest, b"q", part)
    else:
        kind, payload = _scalar(part)
        _feed_bytes(digest, kind, payload)


def _feed_bytes(digest: Any, kind: bytes, payload: bytes | memoryview) -> None:
    digest.update(kind + struct.pack("<Q", len(payload)))
    digest.update(payload)


def _scalar(part: object) -> tuple[bytes, bytes]:
    if part is None:
        return b"n", b""
    if isinstance(part, bytes):
        return b"b", part
    if isinstance(part, str):
        return b"s", part.encode("utf-8", "surrogatepass")
    if isinstance(part, bool | np.bool_):
        return b"?", bytes([bool(part)])
    if isinstance(part, int | np.integer):
        return b"i", str(int(part)).encode()
    if isinstance(part, float | np.floating):
        return b"f", struct.pack("<d", float(part))
    raise TypeError(f"cannot hash a {type(part).__name__}: {part!r}")


def _feed_many(digest: Any, kind: bytes, parts: Iterable[object]) -> None:
    members = list(parts)
    digest.update(kind + struct.pack("<Q", len(members)))
    if members and all(type(member) is str for member in members):
        texts = [str(member).encode("utf-8", "surrogatepass") for member in members]
        _feed_bytes(digest, b"l", np.array([len(t) for t in texts], dtype="<i8").tobytes())
        _feed_bytes(digest, b"t", b"".join(texts))
        return
    for member in members:
        _feed(digest, member)


def _feed_array(digest: Any, array: np.ndarray) -> None:
    if array.dtype.kind in "UO":
        _feed_bytes(digest, b"d", str(array.shape).encode())
        _feed_many(digest, b"q", [str(value) for value in array.ravel().tolist()])
        return
    little = array.dtype.newbyteorder("<")
    content = np.ascontiguousarray(array).astype(little, copy=False)
    _feed_bytes(digest, b"a", f"{little.str}{array.shape}".encode())
    _feed_bytes(digest, b"v", content.reshape(-1).view(np.uint8).data if array.size else b"")


def _feed_csr(digest: Any, matrix: Any) -> None:
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    _feed_bytes(digest, b"c", str(tuple(int(n) for n in matrix.shape)).encode())
    _feed_array(digest, matrix.indptr.astype(np.int64))
    _feed_array(digest, matrix.indices.astype(np.int64))
    _feed_array(digest, matrix.data)
