"""``coldbench wandb push``: sends the records that a project of W&B lacks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...datasets.errors import ColdbenchError
from ..records.partial_records import AS_WRITTEN
from ..records.record import RunRecord, read_all, record_path
from ..terminal.progress_state import ProgressChannel
from .destination import Mode
from .known_runs import ask_digests, list_missing
from .tracker import describe_error, send_record
from .wandb import WandbTracking

UNANSWERED = 3
"""So many failures in a row, and the server is asked whether it still answers."""


@dataclass
class Pushed:
    """What became of the records of a folder.

    Attributes
    ----------
    there
        How many the project had.
    sent
        How many were sent.
    failures
        A sentence for each that was not, or could not be read.
    left
        How many were not tried, since the server no longer answered.
    """

    there: int = 0
    sent: int = 0
    failures: list[str] = field(default_factory=list)
    left: int = 0


def push(
    tracking: WandbTracking,
    home: Path,
    progress: ProgressChannel,
    complain: Callable[[str], None],
) -> Pushed:
    """Send the records of a folder that are missing in the project.

    A record that cannot be sent is named at once, and the others go on.

    Raises
    ------
    Exception
        Whatever W&B raises where its server cannot be asked which records it has.
    """
    done, records = Pushed(), list[RunRecord]()

    def fail(sentence: str) -> None:
        done.failures.append(sentence)
        complain(sentence)

    for one in read_all(home, AS_WRITTEN):
        if isinstance(one, ColdbenchError):
            fail(str(one))
        else:
            records.append(one)
    missing = list_missing(tracking, records)
    done.there = len(records) - len(missing)
    failed_in_a_row = 0
    for at, record in enumerate(missing):
        progress(at, len(missing), "record", failed=len(done.failures))
        try:
            send_record(tracking, record_path(home, record))
            done.sent, failed_in_a_row = done.sent + 1, 0
        except (Exception, SystemExit) as error:
            fail(_describe(record, error))
            failed_in_a_row += 1
        if failed_in_a_row >= UNANSWERED and not _answers(tracking):
            done.left = len(missing) - at - 1
            break
    progress(len(missing), len(missing), "record", failed=len(done.failures))
    return done


def _answers(tracking: WandbTracking) -> bool:
    """Say whether the server still lists the runs of the project."""
    if tracking.mode is Mode.OFFLINE:
        return True
    try:
        ask_digests(tracking)
    except (Exception, SystemExit):  # whatever it is, the next record would meet it too
        return False
    return True


def _describe(record: RunRecord, error: BaseException) -> str:
    name = f"{record.method} {record.scenario}/{record.dataset} seed {record.seed}"
    return f"run {record.run_id} ({name}) was not sent: {describe_error(error)}"
