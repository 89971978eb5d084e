"""The folder of the records."""

import os
from pathlib import Path


def results_home(folder: str | None = None) -> Path:
    """Return the folder of the records: the given one, ``$COLDBENCH_RESULTS``, or ``results``."""
    return Path(folder or os.environ.get("COLDBENCH_RESULTS") or "results")
