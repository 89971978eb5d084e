"""Kill -9 at random moments: nothing torn, and the same command ends as if nothing had happened."""

import csv
import io
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.verify_records import verify

COLDBENCH = [sys.executable, "-m", "coldbench"]
KILLS = 20
COSTS = ("fit_seconds", "score_seconds", "peak_bytes")


def board(results: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    """Return the rows of a leaderboard without what they cost."""
    capsys.readouterr()
    assert cli.main(["leaderboard", "--results", results, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows and set(COSTS[:2]) <= set(rows[0])
    return [{key: one for key, one in row.items() if key not in COSTS} for row in rows]


def made() -> int:
    return len(list(Path("results").glob("*/*/*/*.json")))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_twenty_kills_leave_nothing_torn_and_lose_no_figure(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    seeds = ",".join(map(str, range(16)))
    argv = ["run", "-m", "method=by_index,popularity", f"seed={seeds}", "save_rankings=true"]
    command = [*COLDBENCH, *argv, *words]
    drawn, grew = random.Random(8), set[int]()
    for _ in range(KILLS):
        before = made()
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        while made() == before and running.poll() is None:
            time.sleep(0.01)
        time.sleep(drawn.uniform(0.0, 0.5))
        running.kill()
        running.communicate(timeout=60)  # until nobody holds the stream: the child is dead too
        found = verify(Path("results"))
        assert found.problems == []
        grew.add(found.statuses.total())
    assert len(grew) > 3, "the kills did not fall between the runs"
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and "32 runs: " in done.stdout, done.stderr
    found = verify(Path("results"))
    assert found.problems == [] and dict(found.statuses) == {"ok": 32}
    assert found.tables == 3 * 32  # of each run details, users and rankings
    assert found.alone == 0
    assert cli.main([*argv, *words, "results=undisturbed"]) == 0
    assert board("results", capsys) == board("undisturbed", capsys)
