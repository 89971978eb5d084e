"""``results status``: right while sweeps run, after kill -9, and whatever the files hold."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.record import RunRecord, record_path, write
from coldbench.benchmarks.store.found_marks import list_live, list_stale
from coldbench.benchmarks.store.live_marks import RUN, hold_mark
from coldbench.benchmarks.store.sweep_file import PlannedJob, SweepFile, save_sweep, sweep_path
from coldbench.benchmarks.store.sweep_journal import journal_path, note_job

from .test_leaderboard import a_record  # type: ignore[import-not-found]

HOME = Path("results")
HOLDER = """
import os, sys, time
from pathlib import Path
from coldbench.benchmarks.store.live_marks import RUN, hold_mark
with hold_mark(Path("results"), RUN, sweep=sys.argv[1], number=int(sys.argv[2]), method="m",
               dataset="planted", scenario="grid", seed=0):
    if os.fork() == 0:
        time.sleep(60)
    print("held", flush=True)
    time.sleep(60)
"""


def plan(
    number_of_jobs: int, name: str | None = None, started: str = "2026-01-01", sweep: str = "ab12"
) -> SweepFile:
    """Leave the file of a sweep of one method over seeds."""
    jobs = tuple(
        PlannedJob(n, "m", "planted", "grid", n, ("method=m", f"seed={n}"))
        for n in range(number_of_jobs)
    )
    made = SweepFile(sweep, name, started, 1, "here", (), jobs)
    save_sweep(HOME, made)
    return made


def leave_record(number: int, sweep: str = "ab12", **more: Any) -> RunRecord:
    """Write the record of a job, and its lines in the journal."""
    record = a_record(seed=number, **more)
    path = record_path(HOME, record)
    write(path, record)
    note_job(HOME, sweep, number, run=path.relative_to(HOME).as_posix())
    note_job(HOME, sweep, number, status=record.status.value, seconds=10.0)
    return record


@contextmanager
def held(number: int, sweep: str = "ab12") -> Iterator[subprocess.Popen[str]]:
    """A process that holds the mark of a job, and has forked another that outlives it."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, sweep, str(number)],
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def status(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert cli.main(["results", "status", "--json", *words]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_every_job_is_in_one_state(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(7, "light")
    leave_record(0)
    leave_record(1, mean=None)
    leave_record(2, mean=None, status="not_applicable", error="it has no features")
    note_job(HOME, "ab12", 3, run="grid/planted/m/0123456789abcdef.json")  # killed while it fitted
    note_job(HOME, "ab12", 5, status="failed", reason="no such file")  # its data was not there
    with hold_mark(HOME, RUN, sweep="ab12", number=6, method="m", dataset="planted",
                   scenario="grid", seed=6):  # fmt: skip
        (sweep,) = status(capsys)["sweeps"]
        assert sweep["name"] == "light" and sweep["live"]
        states = [one["state"] for one in sweep["jobs"]]
        assert states == [
            "done", "failed", "not_applicable", "missing", "missing", "failed", "running",
        ]  # fmt: skip
        assert sweep["jobs"][5]["reason"] == "no such file"
        assert sweep["jobs"][1]["reason"] == "ArithmeticError: singular"
        assert cli.main(["results", "status"]) == 0
        out = capsys.readouterr().out
    assert "light" in out and "running" in out and "retry" not in out
    (board,) = status(capsys)["boards"]
    assert board == {
        "scenario": "grid", "dataset": "planted",
        "ok": 1, "failed": 1, "not_applicable": 1, "missing": 3,
    }  # fmt: skip
    assert cli.main(["results", "status"]) == 0
    assert "sweep light (ab12) lacks 3 runs and nobody makes them" in capsys.readouterr().out


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a child that outlives its parent is forked")
def test_a_killed_process_is_not_running_though_its_child_lives(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(3)
    leave_record(0)
    with held(1) as first, held(2):
        found = status(capsys)
        assert found["sweeps"][0]["counts"] == {"done": 1, "running": 2}
        assert {one["number"] for one in found["running"]} == {1, 2}
        assert found["sweeps"][0]["seconds_left"] == pytest.approx(10.0, abs=9.9)
        os.kill(first.pid, 9)
        first.wait()
        (sweep,) = status(capsys)["sweeps"]
        assert sweep["counts"] == {"done": 1, "running": 1, "missing": 1} and sweep["live"]
    (sweep,) = status(capsys)["sweeps"]
    assert sweep["counts"] == {"done": 1, "missing": 2} and not sweep["live"]
    assert list_stale(HOME) == [], "they are fresh"
    for path in (HOME / ".running").iterdir():
        os.utime(path, (time.time() - 90,) * 2)
    assert len(list_stale(HOME)) == 2


def test_the_time_left_is_that_of_the_jobs_like_them(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(5)
    assert status(capsys)["sweeps"][0]["seconds_left"] is None
    leave_record(0)
    leave_record(1)
    assert status(capsys)["sweeps"][0]["seconds_left"] == pytest.approx(30.0)
    for number in (2, 3, 4):
        leave_record(number)
    assert status(capsys)["sweeps"][0]["seconds_left"] is None


def test_a_job_that_another_sweep_has_done_is_done(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(3)
    leave_record(0)
    leave_record(1, mean=None)
    plan(5, started="2026-02-01", sweep="cd34")  # more seeds; nothing of it has begun
    last, first = status(capsys)["sweeps"]
    assert last["counts"] == {"done": 1, "failed": 1, "missing": 3}
    assert first["counts"] == {"done": 1, "failed": 1, "missing": 1}
    assert status(capsys)["boards"][0]["missing"] == 3, "a job of two sweeps counts once"


def test_a_skipped_job_keeps_the_time_that_it_took(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(1)
    leave_record(0)
    note_job(HOME, "ab12", 0, status="skipped", seconds=0.1)
    (job,) = status(capsys)["sweeps"][0]["jobs"]
    assert (job["state"], job["seconds"]) == ("done", 10.0)


@pytest.mark.parametrize(
    "content",
    [b"", b'{"schema": 1, "id"', b"[]", b"\xff\x00", b'{"schema": 9}', b'{"schema": 1, "jobs": 3}',
     b'{"schema": 1, "jobs": [{}], "options": [], "id": "cd34"}', b"null"],
)  # fmt: skip
def test_a_corrupt_file_of_a_sweep_harms_nothing(
    workplace: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(1)
    sweep_path(HOME, "cd34").write_bytes(content)
    assert cli.main(["results", "status"]) == 0
    message = capsys.readouterr()
    assert message.err.startswith("results/.sweeps/cd34.plan is not a readable sweep (")
    assert message.err.count("\n") == 1 and "ab12" in message.out


def test_a_torn_line_of_a_journal_costs_itself_alone(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(2)
    leave_record(0)
    with journal_path(HOME, "ab12").open("ab") as file:
        file.write(b'\n{"job": 1, "status": "fai')
    leave_record(1)
    assert status(capsys)["sweeps"][0]["counts"] == {"done": 2}


def test_a_status_writes_nothing(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(3)
    leave_record(0)
    opened = os.open

    def refuse(path: Any, flags: int, *more: Any, **words: Any) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT) and str(path).startswith("results"):
            raise OSError(30, "Read-only file system")
        return opened(path, flags, *more, **words)

    with held(1):
        before = {path: path.stat().st_mtime_ns for path in HOME.rglob("*")}
        monkeypatch.setattr(os, "open", refuse)
        assert status(capsys)["sweeps"][0]["counts"] == {"done": 1, "running": 1, "missing": 1}
        assert {path: path.stat().st_mtime_ns for path in HOME.rglob("*")} == before


def test_where_nothing_can_be_locked_the_process_is_looked_for(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from coldbench.benchmarks.store import live_marks

    monkeypatch.setattr(live_marks, "_lock", lambda _: False)
    with hold_mark(HOME, RUN, method="m", dataset="planted", scenario="grid", seed=0):
        assert [one.method for one in list_live(HOME)] == ["m"]
        (path,) = (HOME / ".running").iterdir()
        content = json.loads(path.read_bytes())
        path.write_text(json.dumps(content | {"start": "1"}))  # another process has the number
        assert list_live(HOME) == []


def test_a_folder_without_sweeps_and_one_that_is_not_there(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["results", "status", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("no folder nowhere; ")
    HOME.mkdir()
    assert cli.main(["results", "status"]) == 0
    assert capsys.readouterr().out == "results: no record and no sweep\n"
    record = a_record()
    write(record_path(HOME, record), record)
    assert status(capsys)["boards"] == [{"scenario": "grid", "dataset": "planted", "ok": 1}]


def test_the_commands_are_listed_and_a_typing_error_is_a_sentence(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["results", "--help"]) == 0
    out = capsys.readouterr().out
    for name in ("status", "list", "retry", "verify", "prune", "merge", "compare", "pack"):
        assert f"\n  {name} " in out
    assert cli.main(["results", "statsu"]) == 2
    assert "did you mean status" in capsys.readouterr().err
    assert cli.main(["results", "status", "--jsn"]) == 2
    assert "did you mean --json" in capsys.readouterr().err
