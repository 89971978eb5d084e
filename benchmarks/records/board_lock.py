"""The lock of a board's folder: runs share it, a packer holds it alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...datasets.errors import ColdbenchError
from .disk_space import explain_os_error

FILE = ".lock"


@contextmanager
def hold_board(folder: Path, *, alone: bool) -> Iterator[None]:
    """Hold the lock of the folder of scenario and dataset; it goes with the process.

    A run writes also where nothing can be locked: its files are its own, and a packer refuses.

    Parameters
    ----------
    alone
        Wait until nobody else holds it, and let nobody in; else with other writers of runs.

    Raises
    ------
    ColdbenchError
        When it is to be held alone on a file system that cannot lock.
    """
    handle = None
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o644)
            import fcntl  # not on Windows

            fcntl.flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        except (OSError, ImportError) as error:
            if alone:
                reason = explain_os_error(error) if isinstance(error, OSError) else str(error)
                raise ColdbenchError(
                    f"{folder} cannot be locked ({reason}), and a run could write there meanwhile; "
                    "work on a copy of the folder where files can be locked"
                ) from error
        yield
    finally:
        if handle is not None:
            os.close(handle)
