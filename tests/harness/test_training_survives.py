"""A training whose process is killed goes on with the same command, and ends as if undisturbed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

NETWORK = (
    "method=dropoutnet", "method.max_steps=12", "method.validate_every_steps=1",
)  # fmt: skip
WORDS = [
    "dataset=planted", "dataset.n_users=120", "dataset.n_items=100",
    "dataset.interactions_per_user=20", "evaluation.bootstrap=50", "threads=1",
]  # fmt: skip


def start(results: Path, words: tuple[str, ...] = NETWORK) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "coldbench", "run", *words, *WORDS, f"results={results}"]
    return subprocess.Popen(
        command,
        cwd=results.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLDBENCH_DATA": str(results.parent / "data")},
    )


def finish(results: Path, words: tuple[str, ...] = NETWORK) -> dict[str, object]:
    done = start(results, words)
    said, _ = done.communicate(timeout=240)
    assert done.returncode == 0, said
    (path,) = results.glob("*/*/*/*.json")
    record: dict[str, object] = json.loads(path.read_text())
    assert record["status"] == "ok", record["error"]
    return record


def wait_for_checkpoint(results: Path, running: subprocess.Popen[str]) -> Path:
    """Return the checkpoint once it has been written twice: after the second epoch or later."""
    deadline, seen = time.monotonic() + 120, set()
    while time.monotonic() < deadline:
        for path in results.glob(".checkpoints/*/training-1.ckpt"):
            seen.add(path.stat().st_mtime_ns)
            if len(seen) > 1:
                return path
        assert running.poll() is None, running.communicate()[0]
        time.sleep(0.002)
    raise AssertionError("no checkpoint was written")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return finish(tmp_path_factory.mktemp("undisturbed") / "results")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_run_goes_on(
    number: signal.Signals, undisturbed: dict[str, object], tmp_path: Path
) -> None:
    results = tmp_path / "results"
    running = start(results)
    kept = wait_for_checkpoint(results, running)
    running.send_signal(number)
    running.communicate(timeout=60)
    assert running.returncode != 0
    assert list(results.glob("*/*/*/*.json")) == [], "it was killed before its end, and left none"
    assert kept.exists() and [one.name for one in kept.parent.iterdir()] == [kept.name]
    record = finish(results)
    for key in ("run_id", "scores", "validation", "training", "users_sha256"):
        assert record[key] == undisturbed[key], key
    assert not (results / ".checkpoints").exists(), "removed once the record is there"


@pytest.mark.slow
def test_slurms_signal_puts_the_job_back_into_the_queue(tmp_path: Path) -> None:
    results, tools = tmp_path / "results", tmp_path / "bin"
    tools.mkdir()
    (tools / "scontrol").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/requeued\n')
    (tools / "scontrol").chmod(0o755)
    slurm = {"SLURM_JOB_ID": "41", "SLURM_ARRAY_JOB_ID": "40", "SLURM_ARRAY_TASK_ID": "7"}
    before = dict(os.environ)
    os.environ.update(slurm, PATH=f"{tools}:{os.environ['PATH']}")
    try:
        running = start(results)
    finally:
        os.environ.clear()
        os.environ.update(before)
    wait_for_checkpoint(results, running)
    running.send_signal(signal.SIGUSR1)
    running.communicate(timeout=60)
    assert running.returncode != 0
    assert (tmp_path / "requeued").read_text() == "requeue 40_7\n"
    assert list(results.glob("*/*/*/*.json")) == []


def test_a_method_without_a_network_writes_no_checkpoint(tmp_path: Path) -> None:
    finish(tmp_path / "results", ("method=popularity",))
    assert not (tmp_path / "results" / ".checkpoints").exists()
