"""A process that ends without a word: never exit status 0, and what is missing is named."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from coldbench.benchmarks.records.record import RunRecord, Status, read, read_all

COLDBENCH = [sys.executable, "-m", "coldbench"]
WAYS = {
    "leaves": ("os._exit(0)", "ended itself with exit status 0"),
    "crashes": ("os.kill(os.getpid(), signal.SIGSEGV)", "was killed by signal 11"),
    "ends": ("os.kill(os.getpid(), signal.SIGTERM)", "was killed by signal 15"),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by signal 9"),
    "sleeps": ("print('fitting', flush=True); time.sleep(60)", ""),
}
DYING = "import os, signal, time\nfrom dataclasses import dataclass\n" + "".join(
    f"from coldbench_fakes import ByIndex\n@dataclass\nclass {name.title()}(ByIndex):\n"
    f"    def fit(self, train):\n        {code}\n"
    for name, (code, _) in WAYS.items()
)


@pytest.fixture
def dying(workplace: Path, fakes: None, install: Callable[..., None]) -> None:
    """Methods whose fit ends the process."""
    entries = "".join(f"{name} = coldbench_fakes_dying:{name.title()}\n" for name in WAYS)
    install("dying", f"[coldbench.methods]\n{entries}", coldbench_fakes_dying=DYING)


def coldbench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COLDBENCH, *words], capture_output=True, text=True, timeout=100)


def started(*words: str) -> "subprocess.Popen[str]":
    """Start a run of the method that sleeps, and return once it fits."""
    running = subprocess.Popen(
        [*COLDBENCH, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert any(line.startswith("fitting") for line in running.stdout)
    return running


def made() -> list[tuple[str, int]]:
    found = [one for one in read_all(Path("results")) if isinstance(one, RunRecord)]
    return sorted((one.method, one.seed) for one in found)


@pytest.mark.parametrize(
    "way",
    ["killed", *(pytest.param(w, marks=pytest.mark.slow) for w in ("leaves", "crashes", "ends"))],
)
def test_a_run_whose_process_dies_is_recorded_and_the_sweep_goes_on(
    dying: None, words: list[str], way: str
) -> None:
    done = coldbench("run", "-m", f"method={way},by_index", "seed=0,1", *words)
    assert done.returncode == 1 and done.stderr == ""
    assert "4 runs: 2 failed, 2 ok" in done.stdout.splitlines()
    assert made() == [("by_index", 0), ("by_index", 1), (way, 0), (way, 1)]
    for record in read_all(Path("results")):
        assert isinstance(record, RunRecord)
        if record.method == way:
            assert record.status is Status.FAILED and record.scores == {}
            assert record.error is not None and record.error.startswith("its process ")
            assert WAYS[way][1] in record.error
    again = coldbench("run", "-m", f"method={way},by_index", "seed=0,1", *words)
    assert "4 runs: 2 failed, 2 skipped" in again.stdout, "a death is tried again"
    verified = coldbench("results", "verify")
    assert verified.returncode == 0, verified.stdout


def test_a_dead_run_in_the_middle_has_its_settings_in_its_row(
    dying: None, words: list[str]
) -> None:
    done = coldbench("run", "-m", "method=leaves", "method.weight=2,3", *words)
    assert done.returncode == 1 and "2 runs: 2 failed" in done.stdout
    found = [one for one in read_all(Path("results")) if isinstance(one, RunRecord)]
    assert sorted(one.config["method"]["weight"] for one in found) == [2, 3]


@pytest.mark.parametrize("way", ["leaves", "crashes"])
def test_a_single_run_whose_process_dies_has_failed(
    dying: None, words: list[str], way: str
) -> None:
    done = coldbench("run", f"method={way}", *words)
    assert done.returncode == 1 and done.stdout == ""
    assert WAYS[way][1] in done.stderr and done.stderr.count("\n") == 1
    record = read(Path(done.stderr.partition("; see ")[2].strip()))
    assert record.status is Status.FAILED and WAYS[way][1] in str(record.error)


@pytest.mark.parametrize("way", ["leaves", "killed"])
def test_without_a_process_of_its_own_the_sweep_dies_and_names_what_is_missing(
    dying: None, words: list[str], way: str
) -> None:
    done = coldbench("run", "-m", f"method=by_index,{way}", "seed=0,1", "isolate=false", *words)
    assert done.returncode == 1
    assert WAYS[way][1] in done.stderr and done.stderr.count("\n") == 1
    assert "2 runs: 2 ok, 2 not run" in done.stdout.splitlines()
    assert "the same command makes the missing runs" in done.stdout
    assert made() == [("by_index", 0), ("by_index", 1)]


def test_what_ends_by_itself_keeps_its_words_and_status(dying: None, words: list[str]) -> None:
    fine = coldbench("run", "-m", "method=by_index", *words)
    assert (fine.returncode, fine.stderr) == (0, "") and "1 runs: 1 ok" in fine.stdout
    assert coldbench("run", "method=singular", *words).returncode == 1
    assert coldbench("run", "method=als").returncode == 2
    helped = coldbench("run", "--help")
    assert helped.returncode == 0 and "finished runs are skipped" in helped.stdout


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_reaches_the_run_and_the_summary_is_printed(
    dying: None, words: list[str], number: signal.Signals, status: int
) -> None:
    running = started("run", "-m", "method=by_index,sleeps", *words)
    running.send_signal(number)
    out, _ = running.communicate(timeout=30)
    assert running.returncode == status
    assert "1 runs: 1 ok, 1 not run" in out and made() == [("by_index", 0)]


def test_an_interrupt_from_the_terminal_counts_once(dying: None, words: list[str]) -> None:
    """A terminal sends it to parent and child, and the parent hands it on as well."""
    running = subprocess.Popen(
        [*COLDBENCH, "run", "-m", "method=sleeps,by_index", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert running.stdout is not None
    assert any(line.startswith("fitting") for line in running.stdout)
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert err == "interrupted; what was finished is kept\n"


def test_no_child_outlives_its_parent(dying: None, words: list[str]) -> None:
    running = started("run", "method=sleeps", *words)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list the children of a process")
    (child,) = map(int, children.read_text().split())
    running.kill()
    running.communicate(timeout=30)
    ended = time.monotonic() + 10
    while _alive(child) and time.monotonic() < ended:
        time.sleep(0.05)
    assert not _alive(child)


def _alive(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"
