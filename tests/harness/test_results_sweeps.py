"""A sweep leaves its plan and its journal, by whatever it ends, and ``retry`` finishes it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.cli import run
from coldbench.benchmarks.records.record import read_all
from coldbench.benchmarks.store.sweep_file import read_sweeps, sweep_path

from .test_results_status import plan  # type: ignore[import-not-found]

COLDBENCH = [sys.executable, "-m", "coldbench"]
HOME = Path("results")
SLEEPER = """
import time
from dataclasses import dataclass
from pathlib import Path
from coldbench_fakes import ByIndex

@dataclass
class Sleeper(ByIndex):
    def fit(self, train):
        if not Path("awake").exists():
            print("fitting", flush=True)
            time.sleep(600)
        return super().fit(train)
"""


def counts(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    """Return how many jobs of the last sweep are in each state."""
    capsys.readouterr()
    assert cli.main(["results", "status", "--json"]) == 0
    found: dict[str, int] = json.loads(capsys.readouterr().out)["sweeps"][0]["counts"]
    return found


def retry(*words: str) -> int:
    """Retry as a program: runs are forked from it, which a process with threads must not be."""
    command = [*COLDBENCH, "results", "retry", *words]
    return subprocess.run(command, capture_output=True, timeout=600).returncode


@pytest.fixture
def named(workplace: Path, fakes: None, words: list[str]) -> list[str]:
    """A sweep of a user's own, in a folder of configurations; returns the words that find it."""
    folder = workplace / "conf" / "experiment"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(
        "# @package _global_\nhydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n"
        "      method: by_index,singular,seer\n"
    )
    return [f"hydra.searchpath=[file://{folder.parent}]", *words]


def test_a_named_sweep_is_found_by_its_name_and_made_again_by_it(
    named: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "sweep=mine", *named]) == 1
    assert "3 runs: 1 failed, 1 not applicable, 1 ok" in capsys.readouterr().out
    assert counts(capsys) == {"done": 1, "failed": 1, "not_applicable": 1}
    (path,) = [one.path for one in _failed()]
    assert cli.main(["results", "retry", "--sweep", "mine", "--dry-run"]) == 0
    command = capsys.readouterr().out
    assert command.startswith("coldbench run ") and "method=singular" in command
    before = path.stat().st_mtime_ns
    assert retry("--sweep", "mine") == 1
    capsys.readouterr()
    assert path.stat().st_mtime_ns > before, "it has failed again"
    assert counts(capsys) == {"done": 1, "failed": 1, "not_applicable": 1}
    path.unlink()
    assert counts(capsys) == {"done": 1, "missing": 1, "not_applicable": 1}
    assert cli.main(["results", "retry", "--failed"]) == 0
    assert capsys.readouterr().out == "nothing to retry\n"
    assert retry("--missing") == 1
    assert path.exists()
    assert cli.main(["results", "retry", "--sweep", "yours"]) == 2
    assert "no sweep 'yours' here; there are: mine" in capsys.readouterr().err
    sweeps, problems = read_sweeps(HOME)
    assert len(sweeps) == 1 and problems == []


def _failed() -> Any:
    from coldbench.benchmarks.store.glance import glance_all

    return [one for one in glance_all(HOME) if one.status == "failed"]


def test_a_record_of_no_sweep_is_made_again_by_its_configuration(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    special = ["method.weight=2.5", "method.order=down", "method.layers=[1]", "seed=3",
               "scenario.track=open"]  # fmt: skip
    assert cli.main(["run", "method=singular", *special, *words]) == 1
    (path,) = [one.path for one in _failed()]
    before = path.stat().st_mtime_ns
    capsys.readouterr()
    assert retry() == 1
    assert [one.path for one in _failed()] == [path] and path.stat().st_mtime_ns > before


def test_a_refused_sweep_leaves_nothing(
    workplace: Path, fakes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "-m", "method=by_index,als"]) == 2
    assert not HOME.exists()


def test_a_sweep_runs_though_its_file_cannot_be_written(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    HOME.mkdir()
    for name in (".sweeps", ".running"):
        (HOME / name).write_text("a file stands where a folder is needed")
    assert cli.main(["run", "-m", "method=by_index", "seed=0,1", *words]) == 0
    assert "2 runs: 2 ok" in capsys.readouterr().out
    assert cli.main(["results", "status"]) == 0


def test_a_secret_is_in_no_file_of_a_sweep(
    workplace: Path, fakes: None, words: list[str], install: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    install(
        "keyed",
        "[coldbench.methods]\nkeyed = coldbench_fakes_keyed:Keyed\n",
        coldbench_fakes_keyed=(
            "from dataclasses import dataclass\nfrom coldbench_fakes import Singular\n"
            '@dataclass\nclass Keyed(Singular):\n    api_key: str = ""\n'
        ),
    )
    assert cli.main(["run", "-m", "method=keyed", "method.api_key=hunter22", *words]) == 1
    (sweep,) = read_sweeps(HOME)[0]
    assert "hunter22" not in sweep_path(HOME, sweep.id).read_text()
    assert cli.main(["results", "retry"]) == 1
    assert "has a setting that is masked" in capsys.readouterr().err


@pytest.mark.slow
def test_a_killed_sweep_is_finished_by_retry(
    workplace: Path, fakes: None, install: Callable[..., None], words: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    entries = "[coldbench.methods]\nsleeper = coldbench_fakes_sleeper:Sleeper\n"
    install("sleeper", entries, coldbench_fakes_sleeper=SLEEPER)
    command = [*COLDBENCH, "run", "-m", "method=by_index,sleeper", "seed=0,1", *words]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert any(line.startswith("fitting") for line in running.stdout)
    assert counts(capsys) == {"done": 2, "running": 1, "missing": 1}
    assert cli.main(["results", "retry"]) == 1, "what a sweep is about to make is left to it"
    assert "is running and makes its 1 missing runs itself" in capsys.readouterr().err
    running.kill()
    running.communicate(timeout=60)  # until nobody holds the stream: the child is dead too
    assert counts(capsys) == {"done": 2, "missing": 2}
    Path("awake").touch()
    assert retry("--missing") == 0
    assert counts(capsys) == {"done": 4}
    assert len(list(read_all(HOME))) == 4 and cli.main(["results", "verify"]) == 0


def test_an_interrupt_ends_a_retry(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> int:
        with Path("tries").open("a") as file:
            file.write("x")
        raise KeyboardInterrupt

    plan(3)
    monkeypatch.setattr(run, "main", interrupted)
    assert cli.main(["results", "retry"]) == 130
    assert Path("tries").read_text() == "x"


@pytest.mark.slow
def test_two_workers_and_two_launchers_are_counted_right(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    joblib = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    argv = ["run", "-m", "method=by_index,singular", "seed=0,1", *words]
    done = subprocess.run([*COLDBENCH, *argv, *joblib], capture_output=True, text=True)
    assert done.returncode == 1 and "4 runs: 2 failed, 2 ok" in done.stdout
    assert counts(capsys) == {"done": 2, "failed": 2}
    twice = [subprocess.Popen([*COLDBENCH, *argv], stdout=subprocess.PIPE) for _ in range(2)]
    for one in twice:
        one.communicate(timeout=250)
    assert counts(capsys) == {"done": 2, "failed": 2}
    assert len(read_sweeps(HOME)[0]) == 1, "the same command is the same sweep"
