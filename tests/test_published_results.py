"""What the repository publishes is what its records say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from coldbench.benchmarks.records import RunRecord, Status, read

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
RECORDS = sorted(RESULTS.glob("grid/movietweetings/*/*.json"))


@pytest.fixture(scope="module")
def leaderboard() -> str:
    words = [sys.executable, "-m", "coldbench.benchmarks.cli", "leaderboard", "--format", "md"]
    made = subprocess.run(
        [*words, "--results", str(RESULTS)], capture_output=True, text=True, check=True
    )
    return made.stdout


@pytest.fixture(scope="module")
def records() -> list[RunRecord]:
    return [read(path) for path in RECORDS]


def test_the_records_are_whole(records: list[RunRecord]) -> None:
    """Twelve methods, three split seeds, none failed, all of one dataset and one split a seed."""
    assert {record.status for record in records} == {Status.OK}
    seeds: dict[str, set[int]] = {}
    for record in records:
        seeds.setdefault(record.method, set()).add(record.seed)
    assert len(seeds) >= 12 and set(map(frozenset, seeds.values())) == {frozenset({0, 1, 2})}
    assert len({record.data_sha256 for record in records}) == 1
    assert len({(record.seed, record.split_sha256) for record in records}) == 3
    assert not any(record.dirty for record in records)


def test_the_leaderboard_is_drawn_from_the_records(leaderboard: str) -> None:
    assert (RESULTS / "leaderboard.md").read_text(encoding="utf-8") == leaderboard


def test_the_readme_shows_the_same_figures(leaderboard: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| .*0\.\d{4}.*$", leaderboard, re.MULTILINE)
    assert rows and all(row in readme for row in rows)
