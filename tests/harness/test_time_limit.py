"""A run that does not end is stopped, recorded as failed, and the sweep goes on."""

import importlib
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import RunConfig, compose_run
from coldbench.benchmarks.isolation import time_limit
from coldbench.benchmarks.isolation.time_limit import OutOfTime
from coldbench.benchmarks.records.per_user_tables import users_path
from coldbench.benchmarks.records.record import Status, read_all
from coldbench.benchmarks.runs.execute import execute
from coldbench.benchmarks.runs.identity import make_identity
from coldbench.datasets.errors import ColdbenchError

SLEEPERS = """
import time
from dataclasses import dataclass
from coldbench_fakes import ByIndex


def forever():
    while True:
        time.sleep(0.05)


@dataclass
class SleepsInFit(ByIndex):
    def fit(self, train):
        forever()


@dataclass
class SleepsInScore(ByIndex):
    def score_block(self, users, items):
        forever()


@dataclass
class SleepsInReport(ByIndex):
    def report(self):
        forever()


@dataclass
class SwallowsException(ByIndex):
    def fit(self, train):
        while True:
            try:
                forever()
            except Exception:
                pass


@dataclass
class SwallowsEverythingOnce(ByIndex):
    def fit(self, train):
        try:
            forever()
        except BaseException:
            forever()
"""
NAMES = {
    "sleeps_in_fit": "SleepsInFit",
    "sleeps_in_score": "SleepsInScore",
    "sleeps_in_report": "SleepsInReport",
    "swallows": "SwallowsException",
    "swallows_once": "SwallowsEverythingOnce",
}


@pytest.fixture
def sleepers(fakes: None, install: Callable[..., None]) -> None:
    entries = "".join(f"{name} = coldbench_fakes_s:{it}\n" for name, it in NAMES.items())
    install("sleepers", f"[coldbench.methods]\n{entries}", coldbench_fakes_s=SLEEPERS)


@pytest.fixture(autouse=True)
def alarm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Repeat the alarm quickly; afterwards nothing of ours may be left."""
    monkeypatch.setattr(time_limit, "AGAIN_SECONDS", 0.1)
    yield
    ours = getattr(signal.getsignal(signal.SIGALRM), "__self__", None)
    assert not isinstance(ours, time_limit._Alarm)


@pytest.mark.parametrize("name", NAMES)
def test_a_method_that_sleeps_for_ever_leaves_a_failed_record_and_nothing_else(
    workplace: Path, sleepers: None, words: list[str], name: str
) -> None:
    start = time.monotonic()
    run = execute(compose_run([f"method={name}", *words, "time_limit=0.3"]))
    assert time.monotonic() - start < 10
    assert run.record.status is Status.FAILED and run.record.scores == {}
    assert run.record.error == ("stopped after 0.3 s: the run did not end within time_limit=0.3")
    assert run.path.exists() and not users_path(run.path).exists()
    assert run.record.cost is None and run.record.training == {}


def test_the_sweep_goes_on_and_the_leaderboard_says_why(
    workplace: Path, sleepers: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    execute(compose_run(["method=by_index", *words, "seed=1"]))  # compiles the kernels
    argv = ["run", "-m", "method=sleeps_in_fit,by_index,sleeps_in_score", *words, "time_limit=1"]
    assert cli.main(argv) == 1
    out = capsys.readouterr().out
    assert "3 runs: 2 failed, 1 ok" in out
    assert out.count("stopped after 1 s: the run did not end within time_limit=1") == 4
    found = {one.method: one.status for one in read_all(Path("results"))}  # type: ignore[union-attr]
    assert found["by_index"] is Status.OK
    assert cli.main(["leaderboard", "--task", "warm/warm/k=0"]) == 0
    message = capsys.readouterr().out
    assert "did not end within time_limit=1" in message and "failed" in message


def test_a_stopped_run_is_made_again_with_more_time(
    workplace: Path, fakes: None, words: list[str], install: Callable[..., None]
) -> None:
    slow = SLEEPERS.split("@dataclass")[0] + (
        "@dataclass\nclass Slow(ByIndex):\n    def fit(self, train):\n"
        "        time.sleep(0.6)\n        return super().fit(train)\n"
    )
    install("slow", "[coldbench.methods]\nslow = coldbench_fakes_t:Slow\n", coldbench_fakes_t=slow)
    argv = ["method=slow", *words]
    first = execute(compose_run([*argv, "time_limit=0.3"]))
    later = execute(compose_run([*argv, "time_limit=null"]))
    assert (first.record.status, later.record.status) == (Status.FAILED, Status.OK)
    assert first.path == later.path


def test_data_that_does_not_load_in_time_is_told(
    tiny: Callable[..., RunConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny("by_index", "time_limit=0.2")
    monkeypatch.setattr(type(config.dataset), "load", lambda self: time.sleep(60))
    with pytest.raises(ColdbenchError, match=r"time_limit=0\.2, not even loading and splitting"):
        execute(config)


def test_the_limit_is_no_part_of_what_a_run_is(tiny: Callable[..., RunConfig]) -> None:
    limits = ("time_limit=5", "time_limit=0", "time_limit=null", "seed=0")
    names = [make_identity(tiny("by_index", word)) for word in limits]
    assert all(name == names[0] for name in names) and "time_limit" not in names[0]
    assert tiny("by_index").time_limit == 24 * 60 * 60
    assert "time_limit" not in execute(tiny("by_index", "time_limit=5")).record.config


def test_a_negative_limit_is_refused(tiny: Callable[..., RunConfig]) -> None:
    with pytest.raises(ColdbenchError, match=r"^time_limit = -1.0 must be at least 0"):
        tiny("by_index", "time_limit=-1")


@pytest.mark.parametrize("seconds", [None, 0, 0.0, 1e12, float("inf")])
def test_no_limit_sets_no_alarm(seconds: float | None) -> None:
    before = signal.getsignal(signal.SIGALRM)
    with time_limit.limit_time(seconds):
        assert signal.getsignal(signal.SIGALRM) == before


def test_a_block_that_ends_in_time_is_left_in_peace() -> None:
    with time_limit.limit_time(0.2):
        pass
    time.sleep(0.4)


def test_an_import_is_let_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a library in memory would fail every later run that imports it."""
    (tmp_path / "slow_library_a.py").write_text("import time; time.sleep(0.5); done = True")
    (tmp_path / "slow_library_b.py").write_text("import time; time.sleep(60)")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(OutOfTime), time_limit.limit_time(0.1):
        importlib.import_module("slow_library_a")
        time.sleep(20)
    assert sys.modules["slow_library_a"].done
    monkeypatch.setattr(time_limit, "IMPORT_SECONDS", 0.3)
    start = time.monotonic()
    with pytest.raises(OutOfTime), time_limit.limit_time(0.1):
        importlib.import_module("slow_library_b")
    assert time.monotonic() - start < 10 and "slow_library_b" not in sys.modules


def test_limits_nest() -> None:
    start = time.monotonic()
    for outer, inner, message in ((30, 0.2, "0.2"), (0.3, 30, "0.3")):
        with (
            pytest.raises(OutOfTime, match=f"time_limit={re.escape(message)}"),
            time_limit.limit_time(outer),
            time_limit.limit_time(inner),
        ):
            time.sleep(20)
    with pytest.raises(OutOfTime, match=r"time_limit=0\.4"), time_limit.limit_time(0.4):
        with time_limit.limit_time(30):
            pass
        time.sleep(20)
    assert time.monotonic() - start < 10


def test_an_earlier_alarm_is_served_and_restored() -> None:
    rung: list[float] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    old = signal.setitimer(signal.ITIMER_REAL, 0.2)
    start = time.monotonic()
    try:
        with pytest.raises(OutOfTime), time_limit.limit_time(0.5):
            time.sleep(20)
        assert len(rung) == 1 and 0.1 < rung[0] - start < 0.45
        assert time.monotonic() - start >= 0.5
        signal.setitimer(signal.ITIMER_REAL, 0.4)
        with time_limit.limit_time(30):
            pass
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 0.4
        time.sleep(0.6)
        assert len(rung) == 2
    finally:
        signal.setitimer(signal.ITIMER_REAL, *old)
        signal.signal(signal.SIGALRM, before)


def test_outside_the_main_thread_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    time_limit._told.clear()
    done = []

    def work() -> None:
        for _ in range(2):
            with time_limit.limit_time(0.05):
                time.sleep(0.1)
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1, 1]
    assert caplog.text.count("runs have no time_limit here") == 1
    assert "main thread" in caplog.text
