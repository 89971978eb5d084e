"""Kill -9 at random moments: nothing torn, and the same command ends as if nothing had happened."""

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
KILLS = int(os.environ.get("COLDBENCH_KILLS", "0"))
"""Of every kind of sweep; by default fewer. 50 make 200 over 60 runs of each kind."""
JOBLIB = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
# Without a batch size submitit starts all jobs of a sweep at once, here 60 processes.
SUBMITIT = ["hydra/launcher=submitit_local", "hydra.sweeper.max_batch_size=2"]
SWEEPS = {
    "basic": (KILLS or 20, 32, 1, []),
    "terminals": (KILLS or 10, 32, 2, []),
    "joblib": (KILLS or 5, 32, 1, JOBLIB),
    "submitit": (KILLS or 4, 10, 1, SUBMITIT),
}
"""Kills, runs at least (some are left for the last kill), commands at once, further words."""


def board(results: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return a leaderboard without what it cost."""
    capsys.readouterr()
    words = ["leaderboard", "--no-cost", "--results", results, "--format", "csv"]
    assert cli.main(words) == 0
    printed = capsys.readouterr().out
    assert "popularity" in printed and "by_index" in printed
    return printed


def made() -> int:
    return len(list(Path("results").glob("*/*/*/*.json")))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", SWEEPS)
def test_kills_leave_nothing_torn_and_lose_no_figure(
    workplace: Path, fakes: None, words: list[str], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kills, runs, at_once, more = SWEEPS[kind]
    runs = max(runs, kills + 10 if KILLS else 0)
    seeds = ",".join(map(str, range(runs // 2)))
    argv = ["run", "-m", "method=by_index,popularity", f"seed={seeds}", "save_rankings=true"]
    command = [*COLDBENCH, *argv, *words, *more]
    drawn, grew = random.Random(8), set[int]()
    for _ in range(kills // at_once):
        before = made()
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(at_once)
        ]
        # Two workers end two runs a kill: once all are there, nothing is to be waited for, and the
        # kills fall while a sweep goes over what is finished.
        while made() == before < runs and any(one.poll() is None for one in running):
            time.sleep(0.01)
        for one in running:
            time.sleep(drawn.uniform(0.0, 0.5 if before < runs else 10.0))
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
