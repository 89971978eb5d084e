"""Files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path, *, once: bool = False, durable: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path`` and, on success, sync it and move it into place.

    Parameters
    ----------
    path
        Where the content is to appear; its folder is created.
    once
        Refuse to replace: when ``path`` exists at the end, raise ``FileExistsError``.
    durable
        Wait until the content is on the disk; not needed for what can be computed again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.chmod(0o644)
        if once:
            os.link(temporary, path)
        else:
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
