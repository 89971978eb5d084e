"""Whether a folder can be written: checked before any long work."""

import errno
import os
import tempfile
from pathlib import Path

from ...datasets.atomic import sweep_stale
from ...datasets.errors import ColdbenchError

PROBE_BYTES = 1 << 20
"""A record and its tables are smaller, most of them."""

REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota is used up",
    errno.EFBIG: "files of 1 MiB are not allowed here (ulimit -f)",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not write there",
    errno.ENOTDIR: "a file stands where a folder is needed",
    errno.EEXIST: "a file stands where a folder is needed",
}


def explain_os_error(error: OSError) -> str:
    """Return the reason of a failed write as a phrase."""
    return REASONS.get(error.errno or 0, error.strerror or str(error))


def require_disk_space(folder: Path) -> None:
    """Make sure that results can be written into a folder, and sweep what a killed run left there.

    Raises
    ------
    ColdbenchError
        When no file can be made there or it does not take 1 MiB.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep_stale(folder)
        with tempfile.TemporaryFile(dir=folder, prefix=".probe.", suffix=".tmp") as file:
            file.write(os.urandom(PROBE_BYTES))  # zeros might be compressed away
    except OSError as error:
        raise ColdbenchError(
            f"results cannot be written into {folder}: {explain_os_error(error)}; nothing was run. "
            "Make room or choose another folder with results=DIR"
        ) from error
