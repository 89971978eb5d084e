"""``results prune``: what no leaderboard needs goes, on request, and nothing else."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.record import record_path, write
from coldbench.benchmarks.records.verify_records import verify

from .test_full_disk import dead_process  # type: ignore[import-not-found]
from .test_leaderboard import a_record  # type: ignore[import-not-found]

HOME = Path("results")


def leave(method: str = "m", mean: float | None = 0.5, **more: Any) -> Path:
    record = a_record(method, mean, **more)
    path = record_path(HOME, record)
    assert write(path, record) is not None
    return path


def pruned(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert cli.main(["results", "prune", *words]) == 0
    return capsys.readouterr().out


def files() -> set[Path]:
    return {path for path in HOME.rglob("*") if path.is_file() and path.name != ".lock"}


MAY, JUNE = "2026-05-01T00:00:00+00:00", "2026-06-01T00:00:00+00:00"


def settings(**method: int) -> dict[str, Any]:
    return {"method": method, "dataset": {}, "scenario": {}}


def version(number: int) -> dict[str, Any]:
    return {"method": {"package": "coldbench", "version": number}}


def leave_needless() -> set[Path]:
    """Fill a folder; return what no leaderboard needs."""
    kept = leave("m", code=version(2), config=settings(k=1), started=MAY)
    failed = leave("m", mean=None, config=settings(k=1))
    failed.with_suffix(".users.parquet").write_text("")
    leave("m", mean=None, config=settings(k=1), seed=1)  # nothing has superseded it
    leave("m", mean=None, config=settings(k=1), code=version(3), started=JUNE)  # it is later
    leave("m", mean=None, config=settings(k=2))  # another setting
    leave("m", mean=None, config=settings(k=1, gone=2))  # of a field that there is no longer
    alone = kept.with_name("0123456789abcdef.hits.parquet")
    alone.write_text("")
    temporary = kept.with_name(f".x.json.{dead_process()}.abcd1234.tmp")
    fresh = kept.with_name(f".y.json.{dead_process()}.abcd1234.tmp")
    living = kept.with_name(f".z.json.{os.getppid()}.abcd1234.tmp")
    for path in (temporary, fresh, living):
        path.write_text("half")
    checkpoint = HOME / ".checkpoints" / kept.stem / "last.ckpt"
    needed = HOME / ".checkpoints" / "0123456789abcdef" / "last.ckpt"
    for path in (checkpoint, needed):
        path.parent.mkdir(parents=True)
        path.write_text("weights")
    packed = HOME / "gpu" / "grid" / "planted" / "details.parquet"  # of another folder of records
    packed.parent.mkdir(parents=True)
    packed.write_text("")
    mark = HOME / ".running" / "run.abcd1234.mark"
    mark.parent.mkdir()
    mark.write_text("{}")
    for path in (temporary, living, mark):
        os.utime(path, (time.time() - 700,) * 2)
    return {failed, failed.with_suffix(".users.parquet"), alone, temporary, checkpoint, mark}


def test_what_is_needless_is_said_and_removed_on_request_alone(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needless = leave_needless()
    before = files()
    out = pruned(capsys)
    assert files() == before and "not removed; --yes removes it" in out
    assert out.count("\n") == 6, out
    assert "failed records that a later success supersedes" in out
    assert "; removed" in pruned(capsys, "--yes")
    assert before - files() == needless
    assert pruned(capsys, "--yes") == "nothing is needless\n"
    assert verify(HOME).problems == []


def test_older_versions_are_removed_where_a_newer_one_has_repeated_them(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = leave(config=settings(k=1), code=version(1), started=JUNE)
    leave(config=settings(k=1, added=2), code=version(2), started=MAY)
    leave(config=settings(k=1), code=version(1), seed=1)  # version 2 has not repeated it
    leave(config=settings(k=9), code=version(1))
    leave(config=settings(k=1, gone=3), code=version(1))
    leave("n", code=version(1))
    leave("n", mean=None, code=version(2), started=MAY)  # a failure supersedes nothing
    before = files()
    assert pruned(capsys, "--yes") == "nothing is needless\n"
    out = pruned(capsys, "--older-versions", "--yes")
    assert before - files() == {old} and "records of older code versions" in out


def test_a_table_is_not_taken_from_a_run_that_writes(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock of the board is held alone while tables without a record are looked for."""
    import fcntl

    leave("m").with_name("0123456789abcdef.hits.parquet").write_text("")
    held: list[int] = []
    lock: Callable[[int, int], None] = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", lambda file, how: (held.append(how), lock(file, how)))
    pruned(capsys)
    assert held == []
    pruned(capsys, "--yes")
    assert fcntl.LOCK_EX in held
