"""``coldbench wandb leaderboard``: one run per project that holds its leaderboards."""

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...datasets.errors import ColdbenchError
from ..records.headline import HEADLINE
from ..records.partial_records import make_cut
from ..records.record import RunRecord, read_all
from ..reports.group_records import build_boards
from ..reports.single_split import make_pair_in
from .board_artifacts import log_artifacts
from .board_charts import Chart, draw_charts, log_charts
from .board_report import write_report
from .board_tables import ShownBoard, show_boards
from .destination import Destination, Mode
from .known_runs import ask_digests
from .run_contents import Table, log_tables
from .session import send_run

RUN_ID = "coldbench-leaderboard"
"""The id of the one run that a project has for its leaderboards."""


@dataclass(frozen=True)
class BoardsSent:
    """What became of the leaderboards.

    Attributes
    ----------
    boards, rows
        How many leaderboards there are, and rows of their tables.
    sent
        False where the project had them as they are.
    report
        A sentence about the Report.
    """

    boards: int
    rows: int
    sent: bool
    report: str


def send_boards(to: Destination, home: Path) -> BoardsSent:
    """Build the leaderboards of a folder of records and bring the project's run up to date.

    Raises
    ------
    ColdbenchError
        When the folder has no record that can be read.
    Exception
        Whatever W&B raises.
    """
    cut = make_cut([HEADLINE], others=True)
    records = [one for one in read_all(home, cut) if isinstance(one, RunRecord)]
    if not records:
        raise ColdbenchError(f"no record in {home}; make one with: coldbench run method=popularity")
    shown = show_boards(build_boards(records, pair_in=make_pair_in(home)))
    tables = {f"boards/{one.key}": one.table for one in shown}
    charts = [chart for one in shown for chart in draw_charts(one)]
    digest = _compute_digest(tables)
    rows = sum(len(lines) for _, lines in tables.values())
    if to.mode is Mode.ONLINE and ask_digests(to).get(RUN_ID) == digest:
        return BoardsSent(len(shown), rows, False, "")
    sent = _send(to, shown, tables, charts, digest)
    report = write_report(to, RUN_ID, shown, charts) if sent else ""
    return BoardsSent(len(shown), rows, sent, report)


def _send(
    to: Destination,
    shown: list[ShownBoard],
    tables: dict[str, Table],
    charts: list[Chart],
    digest: str,
) -> bool:
    step = int(time.time())  # so that whatever is sent later, from anywhere, comes later

    def fill(run: Any) -> None:
        log_tables(run, tables, step)
        log_charts(run, charts, step)
        log_artifacts(run, shown, tables)
        run.summary.update(
            {"boards": len(shown), "records": sum(len(_records_of(one)) for one in shown)}
        )

    return send_run(
        to,
        RUN_ID,
        digest,
        fill,
        name="leaderboards",
        group=to.group or "leaderboards",
        job_type="leaderboard",
        tags=["leaderboard", *to.tags],
        notes=to.notes or "",
        config={"boards": [one.title for one in shown]},
    )


def _records_of(one: ShownBoard) -> list[RunRecord]:
    return [record for row in one.board.rows for record in row.records]


def _compute_digest(tables: dict[str, Table]) -> str:
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()
