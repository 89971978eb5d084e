"""A disk that is full, a folder that cannot be written, and what a killed run left there."""

import errno
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import RunConfig
from coldbench.benchmarks.plugins.registry import find
from coldbench.benchmarks.records import disk_space as room
from coldbench.benchmarks.records.per_user_tables import rankings_path, users_path
from coldbench.benchmarks.records.record import Status, read
from coldbench.benchmarks.runs import filing
from coldbench.benchmarks.runs.execute import execute
from coldbench.datasets.atomic import replace_atomically, sweep_stale
from coldbench.datasets.errors import ColdbenchError

Tiny = Callable[..., RunConfig]


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_scores_survive_tables_that_cannot_be_written(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = tiny("by_index", "save_rankings=true")
    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    run = execute(config)
    assert run.record.status is Status.OK and run.record.scores and run.record.error is None
    assert read(run.path) == run.record
    assert run.record.missing_tables == dict.fromkeys(
        ("users", "rankings", "details"), "the disk is full"
    )
    assert f"{run.path.stem}.users.parquet could not be written: the disk is full" in caplog.text
    assert sorted(path.name for path in run.path.parent.iterdir()) == [run.path.name]


def test_one_table_that_fails_leaves_the_other(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    config, real = tiny("by_index", "save_rankings=true"), pl.DataFrame.write_parquet

    def narrow(self: pl.DataFrame, file: object, **more: object) -> None:
        full() if "rank" in self.columns else real(self, file, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(pl.DataFrame, "write_parquet", narrow)
    run = execute(config)
    assert list(run.record.missing_tables) == ["rankings"]
    assert users_path(run.path).exists() and not rankings_path(run.path).exists()


def test_an_earlier_table_does_not_stand_beside_new_scores(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = execute(tiny())
    assert users_path(first.path).exists() and first.record.missing_tables == {}
    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    again = execute(tiny("by_index", "force=true"))
    assert again.record.missing_tables and not users_path(first.path).exists()


def test_a_file_in_the_place_of_the_results_is_told_before_the_fit(tiny: Tiny) -> None:
    Path("taken").write_text("")
    before = find("methods", "by_index").fits
    message = r"into taken/grid/planted/by_index: a file stands where a folder .* results=DIR"
    with pytest.raises(ColdbenchError, match=message):
        execute(tiny("by_index", "results=taken"))
    assert find("methods", "by_index").fits == before


def test_a_disk_that_takes_no_mebibyte_is_told_before_the_fit(tiny: Tiny) -> None:
    config, before = tiny(), find("methods", "by_index").fits
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, hard))
    try:
        with pytest.raises(
            ColdbenchError, match=r"files of 1 MiB are not allowed .*nothing was ru"
        ):
            execute(config)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert find("methods", "by_index").fits == before
    assert not [path for path in Path("results").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("number", "message"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "the file system is read-only"),
     (errno.EACCES, "this user may not write there")],
)  # fmt: skip
def test_the_reason_is_told_in_plain_words(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(room.tempfile, "TemporaryFile", refuse)
    with pytest.raises(ColdbenchError, match=f"{message}; nothing was run"):
        execute(tiny())


def test_a_record_that_cannot_be_written_is_told(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "write", full)
    with pytest.raises(ColdbenchError, match=r"the run ended, but results/.*json .*disk is full"):
        execute(tiny())


def test_the_command_tells_a_folder_of_logs_that_cannot_be_made(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("outputs").write_text("")
    assert cli.main(["run", "method=by_index", *words]) == 1
    message = capsys.readouterr().err
    assert message.startswith("the run's output ") and "a file stands where a folder" in message
    assert "Traceback" not in message


def dead_process() -> int:
    done = subprocess.Popen([sys.executable, "-c", "import os; print(os.getpid())"],
                            stdout=subprocess.DEVNULL)  # fmt: skip
    done.wait()
    return done.pid


def test_what_a_killed_run_left_is_swept_after_a_day(tiny: Tiny) -> None:
    path = execute(tiny()).path
    left = {
        "of a dead process": path.parent / f".a.json.{dead_process()}.abcd1234.tmp",
        "of an earlier version": path.parent / ".a.users.parquet.abcd1234.tmp",
        "of a living process": path.parent / f".b.json.{os.getppid()}.abcd1234.tmp",
        "of today": path.parent / f".c.json.{dead_process()}.abcd1234.tmp",
        "of another entity": path.parent / ".notes.tmp",
    }
    for name, file in left.items():
        file.write_text("half")
        if name != "of today":
            os.utime(file, (time.time() - 90_000,) * 2)
    execute(tiny("by_index", "seed=1"))
    assert {name for name, file in left.items() if not file.exists()} == {
        "of a dead process", "of an earlier version",
    }  # fmt: skip


def test_a_killed_writer_leaves_a_name_that_is_swept(tmp_path: Path) -> None:
    code = (
        "import os, signal, pathlib; from coldbench.datasets.atomic import replace_atomically\n"
        f"with replace_atomically(pathlib.Path({str(tmp_path / 'x.json')!r})) as file:\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    (left,) = tmp_path.iterdir()
    assert sweep_stale(tmp_path) == [] and left.exists()
    assert sweep_stale(tmp_path, seconds=-1) == [left] and not left.exists()
    with replace_atomically(tmp_path / "x.json") as file:
        file.write(b"whole")
        assert sweep_stale(tmp_path, seconds=-1) == []
    assert (tmp_path / "x.json").read_bytes() == b"whole"
