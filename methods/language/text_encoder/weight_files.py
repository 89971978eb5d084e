"""The weights of a model on disk: one safetensors file, or several that an index names."""

import hashlib
import json
import math
from functools import lru_cache
from pathlib import Path

from ....datasets.errors import ColdbenchError

WEIGHTS = "model.safetensors"
INDEX = WEIGHTS + ".index.json"
SHARDS = "model-*.safetensors"
"""How the hub names the parts of weights that are too large for one file."""


def list_weights(folder: Path) -> list[Path]:
    """Return the files that hold the weights, in the order of their names.

    Raises
    ------
    ColdbenchError
        When there are none in safetensors, or the index names files that are not there.
    """
    whole, index = folder / WEIGHTS, folder / INDEX
    if whole.is_file():
        return [whole]
    if not index.is_file():
        raise ColdbenchError(
            f"{folder} has no {WEIGHTS}; coldbench loads models from safetensors only, since "
            "other weight files can run code"
        )
    try:
        parts = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ColdbenchError(f"{index} is not readable: {error}; fetch the model again") from error
    for part in parts:
        if Path(part).name != part or not (folder / part).is_file():
            raise ColdbenchError(
                f"{index} names {part!r}, which is not in {folder}; fetch the model again"
            )
    return [folder / part for part in parts]


def hash_weights(folder: Path) -> str:
    """Return the sha256 of the weights: of their file, or of the hashes of several, one a line."""
    hashes = [_hash_file(path) for path in list_weights(folder)]
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256("".join(f"{one}\n" for one in hashes).encode()).hexdigest()


def count_weights(folder: Path) -> int:
    """Return how many numbers the weights are, read from the headers of their files."""
    return sum(_count(path) for path in list_weights(folder))


def _count(path: Path) -> int:
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    header.pop("__metadata__", None)
    return sum(math.prod(tensor["shape"]) for tensor in header.values())


def _hash_file(path: Path) -> str:
    stat = path.stat()
    return _hash_content(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _hash_content(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
