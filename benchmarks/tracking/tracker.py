"""The interface of services that mirror records, and how they cannot affect a run."""

import logging
import sys
from pathlib import Path
from typing import Protocol

from ..isolation.first_process import is_first_process
from ..records.per_user_tables import check_table, rankings_path
from ..records.record import RunRecord, read
from .none import NoTracking


class Tracker(Protocol):
    """An option of ``tracking=``: a dataclass whose fields are its settings."""

    def send(self, record: RunRecord, rankings: Path | None) -> bool | None:
        """Mirror one record; whatever goes wrong is raised.

        False says that it was there already.

        Parameters
        ----------
        record
            As it is on disk.
        rankings
            The ranked lists next to it as Parquet, None where they were not saved.
        """
        ...


def mirror(tracker: Tracker | None, path: Path) -> bool:
    """Send the record at ``path`` and say whether it went.

    A tracker that is absent or broken costs one sentence on standard error (and a traceback in
    the log of the job), never the run: the record is on disk already. Only the first of several
    processes that train together sends.
    """
    if tracker is None or isinstance(tracker, NoTracking) or not is_first_process():
        return False
    try:
        send_record(tracker, path)
    except (Exception, SystemExit) as error:  # a service that mirrors must never stop a run
        logging.getLogger(__name__).info("the record was not mirrored", exc_info=True)
        sys.stderr.write(f"{_unsent(path, error)}\n")
        return False
    return True


def send_record(tracker: Tracker, path: Path) -> bool | None:
    """Send the record at ``path`` with its rankings; whatever goes wrong is raised."""
    record, rankings = read(path), rankings_path(path)
    if rankings.exists():
        check_table(rankings, record.rankings_sha256)
    return tracker.send(record, rankings if rankings.exists() else None)


def describe_error(error: BaseException) -> str:
    """Return an error in one line."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}{': ' if message else ''}{message}"


def _unsent(path: Path, error: BaseException) -> str:
    return (
        f"warning: run {path.stem} is recorded but was not mirrored ({describe_error(error)}); "
        "once that is fixed, the same command finds the run finished and sends its record again"
    )
