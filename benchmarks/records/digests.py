"""Digests: canonical JSON, and sha256 over it or over a file."""

import json
import math
import re
from enum import Enum
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

_OWN = re.compile(rb'\n "sha256": ("[0-9a-f]{64}"|null)')
"""The line of a record that holds its digest; nested lines are indented by more than one space."""
_EMPTY = b'\n "sha256": null'


def run_id(identity: dict[str, Any]) -> str:
    """Return 16 hexadecimal digits that depend on the content of ``identity`` alone."""
    return run_id_of_json(to_jsonable(identity))


def run_id_of_json(identity: dict[str, Any]) -> str:
    """Return the same of what was read from JSON, in a fraction of the time."""
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:16]


def compute_digest(content: bytes) -> str:
    """Return the digest of a record's file: sha256 over its bytes, its own ``sha256`` as null."""
    return sha256(_OWN.sub(_EMPTY, content)).hexdigest()


def verify_digest(content: bytes) -> bool:
    """Say whether a record's file holds the digest of itself."""
    stated = _OWN.findall(content)
    return stated == [f'"{compute_digest(content)}"'.encode()]


def hash_file(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def to_jsonable(value: Any) -> Any:
    """Return ``value`` as JSON values: numpy scalars as numbers, NaN and infinity as None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Enum):
        return to_jsonable(value.value)
    if isinstance(value, dict):
        return {str(key): to_jsonable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_jsonable(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def format_json(content: dict[str, Any]) -> str:
    """Return content as JSON: one line per key, and one per entry of a dict of dicts.

    Within a line there are no spaces, which were a tenth of what thousands of records take.
    """
    values = to_jsonable(content)
    lines = [f" {_compact(key)}: {_value_lines(value)}" for key, value in values.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _value_lines(value: Any) -> str:
    if not isinstance(value, dict) or not any(isinstance(one, dict) for one in value.values()):
        return _compact(value)
    lines = [f"  {_compact(key)}: {_compact(one)}" for key, one in value.items()]
    return "{\n" + ",\n".join(lines) + "\n }"


def _compact(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
