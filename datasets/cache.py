"""Where data lives, and arrays that are computed once and found again by their content."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .array_file import read_arrays, write_arrays
from .atomic import replace_atomically, sweep_stale


def find_data_folder() -> Path:
    """Return the folder of datasets and caches.

    ``$COLDBENCH_DATA`` when it is set, else ``coldbench`` in the user's cache folder
    (``$XDG_CACHE_HOME``, by default ``~/.cache``). The folder need not exist.
    """
    chosen = os.environ.get("COLDBENCH_DATA")
    if chosen:
        return Path(chosen).expanduser()
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "coldbench"


def cache_arrays(
    kind: str, key: str, make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Return the arrays stored under ``key``, or those that ``make`` returns, then stored.

    A file that cannot be read, or does not hold what was written into it, is made again with a
    warning; a folder that cannot be written
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
    path, about = find_data_folder() / "cache" / kind / f"{key}.npz", f"{kind}/{key}"
    if path.exists():
        try:
            return read_arrays(path, about)
        except (OSError, ValueError) as error:
            warnings.warn(f"{path} is damaged ({error}); it is made again", stacklevel=2)
    arrays = make()
    try:
        sweep_stale(path.parent)
        with replace_atomically(path, durable=False) as file:
            write_arrays(file, about, arrays)
    except OSError as error:
        warnings.warn(f"{path} cannot be written ({error}); nothing is cached", stacklevel=2)
    return arrays
