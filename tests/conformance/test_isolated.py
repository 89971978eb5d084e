"""Plugins in a process of their own: they can hang, leave and shout, and stop nobody."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from coldbench.benchmarks.conformance.checks.check_result import CheckResult, Verdict
from coldbench.benchmarks.conformance.checks.suite import CHECKS
from coldbench.benchmarks.conformance.isolation import examine_in_process

LIMIT = 12
PLUGINS = '''
import os, sys, time
from dataclasses import dataclass
import numpy as np
from coldbench.methods.base import Family, Method


@dataclass
class Fine(Method):
    """The same score for everything.

    Source: none.
    Differs: nothing.
    """

    family = Family.REFERENCE

    def fit(self, train):
        self.learned_ = 1
        return self

    def score(self, query):
        self.fitted("learned_")
        return np.zeros((len(query.users), len(query.items)), dtype=np.float32)


@dataclass
class Exits(Fine):
    def fit(self, train):
        sys.exit("no more")


@dataclass
class EndsTheProcess(Fine):
    def fit(self, train):
        sys.stderr.write("so long")
        sys.stderr.flush()
        os._exit(0)


@dataclass
class Shouts(Fine):
    """Prints.

    Source: none.
    Differs: nothing.
    """

    def fit(self, train):
        print("{" * 100_000, flush=True)
        os.write(1, b"\\xff\\n")
        return super().fit(train)


@dataclass
class Hangs(Fine):
    def fit(self, train):
        import subprocess
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
        with open(os.environ["CHILD_FILE"], "w") as file:
            file.write(str(child.pid))
        time.sleep(3600)
'''
CLASSES = ("Fine", "Exits", "EndsTheProcess", "Shouts", "Hangs")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a plugin package where the worker's interpreter finds it."""
    (tmp_path / "strange_plugins.py").write_text(PLUGINS)
    info = tmp_path / "strange_plugins-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-plugins\nVersion: 1.0\n")
    points = "\n".join(f"{name.lower()} = strange_plugins:{name}" for name in CLASSES)
    (info / "entry_points.txt").write_text(f"[coldbench.methods]\n{points}\n")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    return tmp_path


def by_name(outcomes: list[CheckResult]) -> dict[str, CheckResult]:
    assert [one.check for one in outcomes] == [check.name for check in CHECKS]
    return {one.check: one for one in outcomes}


def test_a_fine_plugin_conforms(installed: Path) -> None:
    seen: list[str] = []
    outcomes = examine_in_process("fine", on_check=seen.append)
    broken = [one for one in outcomes if one.verdict is Verdict.FAILED]
    assert broken == []
    assert set(seen) <= {check.name for check in CHECKS}


def test_a_plugin_that_hangs_is_stopped_with_its_children(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = installed / "child"
    monkeypatch.setenv("CHILD_FILE", str(file))
    start = time.monotonic()
    outcomes = by_name(examine_in_process("hangs", limit=LIMIT))
    assert time.monotonic() - start < 3 * LIMIT
    assert outcomes["docstring"].verdict is Verdict.FAILED
    assert outcomes["fits"].verdict is Verdict.FAILED
    assert f"did not end within {LIMIT} seconds" in outcomes["fits"].values
    assert outcomes["hidden_truth"].verdict is Verdict.NOT_REACHED
    child, deadline = int(file.read_text()), time.monotonic() + 5
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    try:
        return state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_sys_exit_is_a_failed_check(installed: Path) -> None:
    outcomes = by_name(examine_in_process("exits"))
    assert outcomes["fits"].verdict is Verdict.FAILED
    assert "sys.exit(no more)" in outcomes["fits"].values


def test_a_process_that_ends_itself_is_a_failed_check(installed: Path) -> None:
    outcomes = by_name(examine_in_process("endstheprocess"))
    assert outcomes["fits"].verdict is Verdict.FAILED
    assert "exit code 0" in outcomes["fits"].values and "so long" in outcomes["fits"].values
    assert outcomes["hidden_truth"].verdict is Verdict.NOT_REACHED


def test_what_a_plugin_prints_does_not_disturb(installed: Path) -> None:
    outcomes = by_name(examine_in_process("shouts"))
    assert outcomes["scores_well_formed"].verdict is Verdict.PASSED


def coldbench(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "coldbench", "check", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_command_says_what_failed_and_why(installed: Path) -> None:
    done = coldbench("exits", "fine")
    assert done.returncode == 1, done.stderr
    assert "1 of 2 methods conform; not: exits" in done.stdout
    assert "sys.exit(no more)" in done.stdout and "make fit work" in done.stdout
    assert "\x1b" not in done.stdout
    head, _, first, *_ = (line.split() for line in done.stdout.splitlines() if line.strip())
    assert " ".join(head) == "check result requirement observed remedy"
    assert first[1] == "failed", "what someone must act on comes first"


def test_the_command_shows_every_check_with_what_was_seen(installed: Path) -> None:
    done = coldbench("fine")
    assert done.returncode == 0, done.stdout
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert [rows[check.name].count(check.name) for check in CHECKS] == [1] * len(CHECKS)
    assert "passed" in rows["fit_leaves_input"] and "same content" in rows["fit_leaves_input"]
    assert "not applicable" in rows["predicts_ratings"]
    assert "requirement" not in done.stdout and "remedy" not in done.stdout


def test_verbose_adds_what_is_demanded_and_quiet_leaves_the_counts(installed: Path) -> None:
    message = coldbench("fine", "--verbose").stdout
    assert all(check.requirement[:40] in message for check in CHECKS)
    (line,) = coldbench("fine", "--quiet").stdout.splitlines()
    assert line.startswith("fine: ") and " passed, " in line
    assert coldbench("fine", "--quiet", "--verbose").returncode == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("popularty",), "did you mean popularity"),
        ((), "needs the name of a method"),
        (("popularity", "--limit", "0"), "--limit 0"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(words: tuple[str, ...], said: str) -> None:
    done = coldbench(*words)
    assert done.returncode == 2
    assert said in done.stderr
