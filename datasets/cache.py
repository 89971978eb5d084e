"""Where data lives, and arrays that are computed once and found again by their content."""

import os
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .atomic import replacing


def data_home() -> Path:
    """Return the folder of datasets and caches.

    ``$COLDBENCH_DATA`` when it is set, else ``coldbench`` in the user's cache folder
    (``$XDG_CACHE_HOME``, by default ``~/.cache``). The folder need not exist.
    """
    chosen = os.environ.get("COLDBENCH_DATA")
    if chosen:
        return Path(chosen).expanduser()
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "coldbench"


def cached_arrays(
    kind: str, key: str, make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Return the arrays stored under ``key``, or those that ``make`` returns, then stored.

    A file that cannot be read is made again with a warning; a folder that cannot be written
    costs the cache, not the result.

    Parameters
    ----------
    kind
        What the arrays are, a folder name: ``ratings``, ``text_vectors``.
    key
        ``content_hash`` of everything the arrays depend on.
    make
        Computes the arrays; none may have dtype object.
    """
    path = data_home() / "cache" / kind / f"{key}.npz"
    try:
        found = _read(path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        warnings.warn(f"{path} is damaged ({error}); it is made again", stacklevel=2)
        found = None
    if found is not None:
        return found
    arrays = make()
    try:
        _write(path, arrays)
    except OSError as error:
        warnings.warn(f"{path} cannot be written ({error}); nothing is cached", stacklevel=2)
    return arrays


def _read(path: Path) -> dict[str, np.ndarray] | None:
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with replacing(path, durable=False) as file:
        np.savez(file, allow_pickle=False, **arrays)  # type: ignore[arg-type]
