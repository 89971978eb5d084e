"""What is on disk of a run: whether it need be made again, and what may be put in its place."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...datasets.errors import ColdbenchError
from ..records.board_lock import hold_board
from ..records.disk_space import explain_os_error
from ..records.partial_records import AS_WRITTEN, Cut
from ..records.per_user_tables import rankings_path, write_tables
from ..records.record import RefusedError, RunRecord, Status, read_verified, with_identity, write
from .attempt import Attempt
from .plan import Plan
from .started_run import PATH, RECORD, hide_secrets


@dataclass(frozen=True)
class Run:
    """A record, where it is, and whether it was there before."""

    record: RunRecord
    path: Path
    skipped: bool = False


def find_run(plan: Plan) -> Run | None:
    """Return a run that need not be made again, None when it must be made.

    Raises
    ------
    RefusedError
        When a record is there that cannot be believed, and ``force`` does not replace it.
    """
    if plan.config.force:
        return None
    there = _finished(plan.path)
    if there is None or (plan.config.save_rankings and not rankings_path(plan.path).exists()):
        return None
    return Run(there, plan.path, skipped=True)


def write_run(plan: Plan, made: Attempt) -> Run:
    """Write the record of an attempt and the tables next to it.

    A finished record is replaced by a new success, and by force, only: what another process
    finished meanwhile, or what stands there when a forced run fails, is left alone.

    Raises
    ------
    ColdbenchError
        When the record cannot be written.
    """
    with hold_board(plan.path.parent.parent, alone=False):
        return _write(plan, made)


def write_death(told: Mapping[str, Any], how: str) -> Run:
    """Write the record of a run whose process died, unless a finished one stands there.

    One that died after its own record was written has made its run. Nothing here may start threads,
    as reading the tables next to a record does: the next runs are forked from this process.

    Parameters
    ----------
    told
        What it told when it started, see ``describe_start``.
    how
        How it died: ``was killed by signal 9``.
    """
    path, draft = Path(told[PATH]), RunRecord.model_validate_json(told[RECORD])
    died = draft.model_copy(update={"status": Status.FAILED, "error": f"its process {how}"})
    record = with_identity(died)
    with hold_board(path.parent.parent, alone=False):
        there = _find_kept(path, AS_WRITTEN)
        if isinstance(there, RunRecord) and there.started == draft.started:
            return Run(there, path)
        if there is None:
            write(path, record, replace=path.exists())
    return Run(record, path)


def _write(plan: Plan, made: Attempt) -> Run:
    path, kept = plan.path, _find_kept(plan.path) is not None
    replace = plan.config.force or plan.config.save_rankings or (path.exists() and not kept)
    record = made.record
    if made.results is not None and (replace or not kept):
        tables = write_tables(path, made.results, plan.data, rankings=plan.config.save_rankings)
        record = record.model_copy(update=tables)
    record = with_identity(hide_secrets(record, plan))
    if kept and record.status is not Status.OK:
        return Run(record, path)
    try:
        written = write(path, record, replace=replace)
    except OSError as error:
        raise ColdbenchError(
            f"the run ended, but {path} could not be written: {explain_os_error(error)}"
        ) from error
    return Run(written, path) if written else Run(read_verified(path), path, skipped=True)


def _finished(path: Path, cut: Cut | None = None) -> RunRecord | None:
    """Return the record of a success that is there; one that cannot be read counts as none."""
    if not path.exists():
        return None
    try:
        there = read_verified(path, cut)
    except RefusedError:
        raise
    except ColdbenchError as error:
        logging.getLogger(__name__).warning("%s", error)
        return None
    return there if there.status is Status.OK else None


def _find_kept(path: Path, cut: Cut | None = None) -> RunRecord | RefusedError | None:
    """Return what is there if only a new success, and that by force, may replace it.

    That is a finished record, or the refusal of one; a table that cannot be read makes it none.
    """
    try:
        return _finished(path, cut)
    except RefusedError as error:
        return error
