"""Where every row comes from: command, records, code and environment of its runs."""

from typing import Any

from ..records.record import RunRecord
from ..reports.board import Board
from ..reports.comparable import find_code_settings
from ..reports.rows import Row
from .run_command import make_command

PARTS = ("method", "dataset", "scenario")


def collect_provenance(board: Board) -> list[dict[str, Any]]:
    """Return for each row its command, its runs, and what made them."""
    return [_describe(row) for row in board.rows]


def _describe(row: Row) -> dict[str, Any]:
    first = row.first
    code = {part: _tell_code(first, part) for part in PARTS}
    return {
        "command": make_command(row),
        "folder": "/".join((first.scenario, first.dataset, first.method)),
        "runs": [_describe_run(one) for one in row.records],
        "settings": first.config.get("method", {}),
        "preset": first.preset or "",
        "tuning": row.tuned,
        "code": code,
        "python": first.environment.python,
        "device": first.environment.device,
        "packages": dict(first.environment.packages),
    }


def _describe_run(record: RunRecord) -> list[Any]:
    """Return run_id, seed, status, start, commit and split of one run, as the page lists them."""
    commit = (record.commit or "")[:12] + (" dirty" if record.dirty else "")
    split = record.split_sha256[:8]
    return [record.run_id, record.seed, record.status.value, record.started, commit, split]


def _tell_code(record: RunRecord, part: str) -> str:
    """Return whose code it is and its version, in one line."""
    return ", ".join(f"{name} {value}" for name, value in find_code_settings(record, part).items())
