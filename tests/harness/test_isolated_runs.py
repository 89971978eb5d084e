"""Each run in a process of its own: nothing leaks from one to the next, and limits are kept."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from coldbench.benchmarks.isolation import run_process
from coldbench.benchmarks.isolation.process_limits import Limits, LimitWatch, measure_group
from coldbench.benchmarks.records.record import RunRecord, read_all

FAKES = """
import os, signal, subprocess, time
from dataclasses import dataclass
from pathlib import Path

import coldbench.benchmarks.isolation.process_limits as limits
from coldbench_fakes import ByIndex

limits.GRACE_SECONDS = 1.0
SEEN = []

@dataclass
class Hoarder(ByIndex):
    def fit(self, train):
        SEEN.append(train.seed)
        if SEEN != [train.seed]:
            raise ValueError(f"left over from another run: {SEEN}")
        return super().fit(train)

@dataclass
class Greedy(ByIndex):
    def fit(self, train):
        self.memory_ = [bytearray(os.urandom(1 << 20) * 64) for _ in range(8)]
        time.sleep(60)

@dataclass
class Talker(ByIndex):
    def fit(self, train):
        import logging
        while True:
            logging.getLogger("talker").warning("word " * 1000)

@dataclass
class Native(ByIndex):
    def fit(self, train):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])  # as native code does that
        time.sleep(60)  # comes not back to Python

@dataclass
class Parent(ByIndex):
    def fit(self, train):
        child = subprocess.Popen(["sleep", "600"])
        Path("child.pid").write_text(str(child.pid))
        return super().fit(train)

@dataclass
class Asks(ByIndex):
    def fit(self, train):
        input("what now? ")

@dataclass
class Warned(ByIndex):
    def fit(self, train):
        def leave(number, frame):
            Path("warned").touch()
            raise KeyboardInterrupt
        signal.signal(signal.SIGUSR1, leave)
        Path("waits").touch()
        time.sleep(60)

@dataclass
class Late(ByIndex):
    def fit(self, train):
        import coldbench.benchmarks.runs.apart as apart
        apart.to_json = lambda record: os.kill(os.getpid(), signal.SIGKILL)  # it is written by then
        return super().fit(train)
"""
NAMES = ("hoarder", "greedy", "talker", "native", "parent", "asks", "warned", "late")


@pytest.fixture
def fakes_apart(workplace: Path, fakes: None, install: Callable[..., None]) -> None:
    entries = "".join(f"{name} = coldbench_fakes_apart:{name.title()}\n" for name in NAMES)
    install("apart", f"[coldbench.methods]\n{entries}", coldbench_fakes_apart=FAKES)


def coldbench(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "coldbench", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


def find_error(method: str) -> str:
    found = [one for one in read_all(Path("results")) if isinstance(one, RunRecord)]
    (record,) = (one for one in found if one.method == method)
    return str(record.error)


def test_nothing_that_a_run_leaves_in_its_modules_is_seen_by_the_next(
    fakes_apart: None, words: list[str]
) -> None:
    argv = ["run", "-m", "method=hoarder", "seed=0,1,2", *words]
    assert "3 runs: 3 ok" in coldbench(*argv).stdout
    together = coldbench(*argv, "isolate=false", "results=together")
    assert "left over from another run: [0, 1]" in together.stdout


@pytest.mark.parametrize(
    ("method", "limit", "message"),
    [
        ("greedy", "memory_limit=0.4", "more than memory_limit=0.4"),
        ("talker", "log_limit=2", "more than log_limit=2"),
        ("native", "time_limit=4", "did not end within time_limit=4"),
    ],
)
def test_a_run_that_breaks_a_limit_is_killed_and_recorded(
    fakes_apart: None, words: list[str], method: str, limit: str, message: str
) -> None:
    start = time.monotonic()
    done = coldbench("run", "-m", f"method={method},by_index", limit, *words)
    assert "2 runs: 1 failed, 1 ok" in done.stdout and time.monotonic() - start < 50
    assert find_error(method).startswith("its process was killed") and message in find_error(method)


def test_what_a_run_has_started_ends_with_it(fakes_apart: None, words: list[str]) -> None:
    assert coldbench("run", "method=parent", *words).returncode == 0
    child = Path("/proc", Path("child.pid").read_text())
    until = time.monotonic() + 10
    while child.exists() and "Z" not in (child / "stat").read_text().split()[2]:
        assert time.monotonic() < until, "it still runs"
        time.sleep(0.05)


def test_a_run_that_dies_after_its_record_was_written_has_been_made(
    fakes_apart: None, words: list[str]
) -> None:
    """And the runs after it do not hang, which are forked from the process that found this out."""
    done = coldbench("run", "-m", "method=late,by_index", "seed=0,1", "scenario=grid", *words)
    assert "4 runs: 4 ok" in done.stdout
    again = coldbench("run", "-m", "method=late", "seed=0,1", "scenario=grid", *words, "force=true")
    assert "2 runs: 2 ok" in again.stdout, "a record of this very attempt"


def test_nothing_that_a_process_says_at_its_end_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may say more than one reading holds, and be gone when the reader looks again."""
    monkeypatch.setattr(run_process, "READ_BYTES", 1)
    ended = run_process.run_apart(lambda tell: tell({"long": "x" * 60_000}), Limits(None, None))
    assert ended.how is None and ended.told == {"long": "x" * 60_000, "ended": True}


def test_a_question_is_answered_by_nothing(fakes_apart: None, words: list[str]) -> None:
    assert coldbench("run", "method=asks", *words).returncode == 1
    assert "EOFError" in find_error("asks")


def test_the_announcement_of_an_end_reaches_the_run(fakes_apart: None, words: list[str]) -> None:
    """Slurm sends SIGUSR1 before it ends a job: a training puts the job back into the queue."""
    command = [sys.executable, "-m", "coldbench", "run", "method=warned", *words]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 60
    while not Path("waits").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGUSR1)
    said, _ = running.communicate(timeout=60)
    assert Path("warned").exists(), said
    assert running.returncode != 0 and list(read_all(Path("results"))) == []


def test_isolated_or_not_a_run_is_the_same(fakes: None, words: list[str], workplace: Path) -> None:
    argv = ["run", "-m", "method=by_index,popularity", "seed=0,1", *words]
    for results, isolate in (("apart", "true"), ("together", "false")):
        done = coldbench(*argv, f"isolate={isolate}", f"results={results}")
        assert done.returncode == 0, done.stderr
    apart, together = (
        {one.run_id: one.scores for one in read_all(Path(name)) if isinstance(one, RunRecord)}
        for name in ("apart", "together")
    )
    assert apart == together and len(apart) == 4


def test_limits_of_nothing_are_never_broken() -> None:
    watch = LimitWatch(0, Limits())
    assert not watch.is_broken() and watch.broken is None
    watch.expect_end(-1)
    assert watch.is_broken()


def test_the_memory_of_a_group_is_measured() -> None:
    assert measure_group(os.getpgid(0)) > 1 << 20
    assert measure_group(1 << 30) == 0
