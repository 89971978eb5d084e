"""The artifacts behind a leaderboard: its splits, its records and its rows, linked to the run.

Splits and records are what the leaderboards were made from, and so are the rankings that were sent
with the runs; the rows are what was made. Offline, W&B keeps no such links, and the metadata alone
tells of them.
"""

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..records.record import RunRecord
from .board_tables import ShownBoard
from .record_values import collect_scalars, make_configuration
from .run_contents import Table, log_file


def log_artifacts(run: Any, shown: Sequence[ShownBoard], tables: dict[str, Table]) -> None:
    """Log splits, records and rows of each leaderboard, and link the rankings of its runs."""
    with tempfile.TemporaryDirectory() as folder:
        for one in shown:
            records = [record for row in one.board.rows for record in row.records]
            splits = list_splits(records)
            digests = [split["split_sha256"] for split in splits]
            file = _write(Path(folder) / "splits.jsonl", splits)
            log_file(run, f"splits-{one.key}", "splits", file, file.name, used=True, splits=digests)
            file = _write(Path(folder) / "records.jsonl", map(_show_record, records))
            ids = [record.run_id for record in records]
            log_file(
                run, f"records-{one.key}", "records", file, file.name,
                used=True, runs=ids, splits=digests,
            )  # fmt: skip
            columns, rows = tables[f"boards/{one.key}"]
            lines = (dict(zip(columns, row, strict=True)) for row in rows)
            file = _write(Path(folder) / "rows.jsonl", lines)
            log_file(
                run, f"leaderboard-{one.key}", "leaderboard", file, file.name,
                runs=ids, splits=digests, rankings=_name_rankings(records),
            )  # fmt: skip
            if not run.offline:
                _link_rankings(run, records)


def list_splits(records: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """Return each split of some records once: fingerprints, settings, seed and counts."""
    found: dict[str, dict[str, Any]] = {}
    for one in records:
        shown = make_configuration(one)
        found.setdefault(
            one.split_sha256,
            {
                "split_sha256": one.split_sha256,
                "data_sha256": one.data_sha256,
                "dataset": one.dataset,
                "scenario": shown["scenario"],
                "scenario_version": one.scenario_version,
                "seed": one.seed,
                "counts": _find_counts(one.facts),
                "candidates": _find_counts(one.facts.get("candidates", {})),
            },
        )
    return list(found.values())


def _find_counts(facts: dict[str, Any]) -> dict[str, float]:
    return {name: one for name, one in facts.items() if isinstance(one, (int, float))}


def _show_record(record: RunRecord) -> dict[str, Any]:
    """Return what may be shown of a record: the configuration, headline values and cost."""
    return {
        **make_configuration(record),
        "track": record.track,
        "side_information": record.side_information,
        "sha256": record.sha256,
        "values": collect_scalars(record),
    }


def _name_rankings(records: Sequence[RunRecord]) -> list[str]:
    return [f"rankings-{one.run_id}" for one in records if one.rankings_sha256]


def _link_rankings(run: Any, records: Sequence[RunRecord]) -> None:
    """Note the rankings that were sent with the runs as what the leaderboard was made from."""
    for name in _name_rankings(records):
        try:
            run.use_artifact(f"{name}:latest")
        except Exception as error:
            # W&B's client wraps the ValueError by which it says that there is none: the run was
            # not sent, or without its rankings.
            if not isinstance(error.__context__ or error, ValueError):
                raise


def _write(path: Path, lines: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(one)}\n" for one in lines), encoding="utf-8")
    return path
