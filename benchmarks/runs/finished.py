"""What is there of a run already: whether it need be made again, and what may be replaced."""

import logging
from pathlib import Path

from ...datasets.errors import ColdbenchError
from ..config.run_config import RunConfig
from ..records.record import RefusedError, RunRecord, Status, read_filed
from ..records.tables import rankings_path


def finished(path: Path, config: RunConfig) -> RunRecord | None:
    """Return the record of a run that need not be made again, None when it must be made.

    Raises
    ------
    RefusedError
        When a record is there that cannot be believed, and ``force`` does not replace it.
    """
    if config.force:
        return None
    there = _there(path)
    if there is None or there.status is not Status.OK:
        return None
    if config.save_rankings and not rankings_path(path).exists():
        return None
    return there


def _there(path: Path) -> RunRecord | None:
    """Return the record that is there; one that cannot be read counts as none."""
    if not path.exists():
        return None
    try:
        return read_filed(path)
    except RefusedError:
        raise
    except ColdbenchError as error:
        logging.getLogger(__name__).warning("%s", error)
        return None


def is_kept(path: Path) -> bool:
    """Say whether a record is there that only a new success, and that by force, may replace."""
    try:
        there = _there(path)
    except RefusedError:
        return True
    return there is not None and there.status is Status.OK
