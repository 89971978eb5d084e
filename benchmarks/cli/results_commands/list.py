"""``coldbench results list``: one line per record."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from ...store.departures import describe_settings
from ...store.glance import Glance, glance_all
from ...store.selection import NAMES, select
from .folder import find_home, make_parser


def main(argv: list[str]) -> int:
    """Print the records that were selected; the exit status is 0."""
    parser = make_parser(
        "list",
        "One line per record. Several values of an option have commas between them. The score is "
        "the mean of NDCG@10 over the cold tasks; `coldbench leaderboard` compares.",
    )
    for name in NAMES:
        parser.add_argument(f"--{name}", metavar="X", help=f"only records with this {name}")
    parser.add_argument("--json", action="store_true", help="as JSON, with the path and the error")
    options = parser.parse_args(argv)
    home = find_home(options.folder)
    records = select(list(glance_all(home)), {name: getattr(options, name) for name in NAMES})
    if options.json:
        sys.stdout.write(json.dumps([_describe(one) for one in records], indent=1) + "\n")
    else:
        _show(records)
    return 0


def _show(records: Sequence[Glance]) -> None:
    from ...terminal.console import format_duration, make_console, make_table
    from ...terminal.fitted_table import TableColumn

    out = make_console()
    seed, seconds, started = (TableColumn(one, leave=n) for n, one in enumerate(
        ("seed", "seconds", "started"), 1))  # fmt: skip
    rows = make_table(
        "run", "method and settings", "scenario/dataset", seed, "status", "score", started, seconds
    )
    for one in records:
        rows.add_row(
            one.run_id,
            describe_settings(one),
            f"{one.scenario}/{one.dataset}",
            "" if one.seed is None else str(one.seed),
            one.status.replace("_", " "),
            _summarise(one),
            one.started[:16].replace("T", " "),
            "" if one.seconds is None else format_duration(one.seconds),
        )
    if records:
        out.print(rows)
    out.print(f"{len(records):,} records", soft_wrap=True)


def _summarise(one: Glance) -> str:
    """Return the value that stands for a run, ``cold ndcg@10 0.1234``."""
    from ...evaluation.task_result import Estimate
    from ...records.headline import summarise_scores
    from ...records.record import RunRecord

    try:
        scores = {
            task: {name: Estimate(**value) for name, value in values.items()}
            for task, values in (one.content.get("scores") or {}).items()
        }
    except (TypeError, AttributeError):
        return ""
    return summarise_scores(RunRecord.model_construct(scores=scores))


def _describe(one: Glance) -> dict[str, Any]:
    return {
        "run_id": one.run_id,
        "path": str(one.path),
        "method": one.method,
        "settings": describe_settings(one),
        "dataset": one.dataset,
        "scenario": one.scenario,
        "seed": one.seed,
        "status": one.status,
        "score": _summarise(one),
        "started": one.started,
        "seconds": one.seconds,
        "error": one.content.get("error"),
    }
