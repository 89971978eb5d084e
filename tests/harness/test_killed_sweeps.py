"""Kill -9 at random moments: nothing torn, and the same command ends as if nothing had happened."""

import csv
import io
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.verify_records import verify

COLDBENCH = [sys.executable, "-m", "coldbench"]
KILLS = int(os.environ.get("COLDBENCH_KILLS", "20"))
"""Of the plain sweep, half of them with two terminals, a fourth with joblib: 116 make 203."""
JOBLIB = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
SWEEPS = {
    "basic": (KILLS, 1, []),
    "terminals": (KILLS // 2, 2, []),
    "joblib": (KILLS // 4, 1, JOBLIB),
}
"""Kills, commands at once, further words."""
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
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", SWEEPS)
def test_kills_leave_nothing_torn_and_lose_no_figure(
    workplace: Path, fakes: None, words: list[str], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kills, at_once, more = SWEEPS[kind]
    runs = max(32, kills)  # some are left for the last kill
    seeds = ",".join(map(str, range(runs // 2)))
    argv = ["run", "-m", "method=by_index,popularity", f"seed={seeds}", "save_rankings=true"]
    command = [*COLDBENCH, *argv, *words, *more]
    drawn, grew = random.Random(8), set[int]()
    for _ in range(kills // at_once):
        before = made()
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(at_once)
        ]
        while made() == before and any(one.poll() is None for one in running):
            time.sleep(0.01)
        for one in running:
            time.sleep(drawn.uniform(0.0, 0.5))
            one.kill()
        for one in running:
            one.communicate(timeout=60)  # until nobody holds the stream: children are dead too
        found = verify(Path("results"))
        assert found.problems == []
        grew.add(found.statuses.total())
    assert len(grew) > 3, "the kills did not fall between the runs"
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and f"{runs} runs: " in done.stdout, done.stderr
    found = verify(Path("results"))
    assert found.problems == [] and dict(found.statuses) == {"ok": runs}
    assert found.tables == 3 * runs  # of each run details, users and rankings
    assert found.alone == 0
    assert cli.main([*argv, *words, "results=undisturbed"]) == 0
    assert board("results", capsys) == board("undisturbed", capsys)
