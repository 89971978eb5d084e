"""Default and tuned settings next to each other: the same draws, and what validation chose."""

from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.record import RunRecord, record_path, write
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.tuned import compare_tuned

from .test_leaderboard import COLD, WARM, a_record  # type: ignore[import-not-found]

SEARCH = {"trials": 7, "minutes": 6.0, "group": "mean", "study_sha256": "a" * 64}


def setting(mean: float, validation: float, seed: int, size: int, **more: Any) -> RunRecord:
    config = {"method": {"size": size}, "dataset": {}, "scenario": {}}
    return a_record("net", mean, seed=seed, half=0.01, config=config,
                    validation={"groups": {"new_item": validation}}, **more)  # fmt: skip


def tuned(mean: float, validation: float, seed: int, size: int) -> RunRecord:
    return setting(mean, validation, seed, size, tuning=SEARCH, preset="net tuned")


def records(size: int = 2) -> list[RunRecord]:
    """Return three draws of the defaults, and two of what a search has found."""
    return [
        setting(0.20, 0.3, 0, 1), setting(0.22, 0.3, 1, 1), setting(0.90, 0.3, 2, 1),
        tuned(0.25, 0.4, 0, size), tuned(0.29, 0.4, 1, size), a_record("other", 0.1, seed=0),
    ]  # fmt: skip


def lines(*records: RunRecord, task: str | None = None) -> list[dict[str, str]]:
    grid = compare_tuned(build_boards(records), task)
    heads = [column.head for column in grid.columns]
    return [dict(zip(heads, [cell.text for cell in row], strict=True)) for row in grid.rows]


def test_both_are_compared_on_the_draws_that_both_have() -> None:
    (line,) = lines(*records())
    assert (line["task"], line["method"], line["draws"]) == (COLD, "net", "2")
    assert (line["default"], line["tuned"]) == ("0.2100", "0.2700")
    assert line["difference"].startswith("+.060 ±")
    assert (line["validation chose"], line["trials"], line["minutes"]) == ("tuned", "7", "6")
    assert line["tuned for"] == "mean"
    assert lines(*records(), task=WARM) == []


def test_a_search_that_found_the_defaults_shows_no_difference() -> None:
    same = [setting(0.2, 0.3, 0, 1), setting(0.22, 0.3, 1, 1)]
    (line,) = lines(*same, tuned(0.2, 0.3, 0, 1), tuned(0.22, 0.3, 1, 1))
    assert (line["difference"], line["validation chose"]) == ("+.000 ±.000", "default")


@pytest.mark.parametrize("form", ["table", "md"])
def test_the_command_prints_it(
    form: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for record in records():
        write(record_path(Path("results"), record), record)
    assert cli.main(["leaderboard", "--tuned", "--format", form]) == 0
    assert "0.2700" in capsys.readouterr().out
    assert cli.main(["leaderboard", "--tuned", "--format", "csv"]) == 2


def test_without_a_tuned_row_it_says_what_is_missing(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = a_record("other", 0.1, seed=0)
    write(record_path(Path("results"), plain), plain)
    assert cli.main(["leaderboard", "--tuned"]) == 2
    assert "needs a method with both its defaults and tuned=" in capsys.readouterr().err
