"""``results merge`` and ``compare``: nothing lost, nothing torn, differences named."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.pack import pack
from coldbench.benchmarks.records.record import RunRecord, read, record_path, write
from coldbench.benchmarks.records.verify_records import verify

from .test_leaderboard import COLD, a_record  # type: ignore[import-not-found]

A, B, C = Path("a"), Path("b"), Path("c")
MORE = {"precision@10": 0.25, "coverage@10": 0.5}
"""Values that are in the details."""


def leave(home: Path, seed: int = 0, mean: float | None = 0.5, **more: Any) -> Path:
    """Write a record with details into a folder."""
    record = a_record(mean=mean, seed=seed, **more)
    if record.scores:
        content = record.model_dump(by_alias=True)
        for name, value in MORE.items():
            content["scores"][COLD][name] = {"mean": value, "low": 0.1, "high": 0.9, "n": 100}
        record = RunRecord.model_validate(content)
    path = record_path(home, record)
    assert write(path, record) is not None
    return path


def content(home: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in sorted(home.rglob("*")) if path.is_file() and path.name != ".lock"
    }  # fmt: skip


def merged(*words: str) -> int:
    return cli.main(["results", "merge", *words])


def test_a_union_has_every_record_once_with_its_tables(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(A, 0), leave(A, 1), leave(B, 1), leave(B, 2)
    before = content(A), content(B)
    assert merged("a", "b", "--into", "c") == 0
    assert capsys.readouterr().out == ("c: 3 records added; 3 tables; 1 were there; no problems\n")
    assert (content(A), content(B)) == before
    found = verify(C)
    assert found.problems == [] and found.statuses.total() == 3 and found.tables == 3
    after = content(C)
    assert merged("a", "b", "--into", "c") == 0
    assert content(C) == after, "a second time nothing changes"
    assert merged("b", "--into", "a") == 0
    assert verify(A).statuses.total() == 3 and content(B) == before[1]


def test_packed_tables_come_too(workplace: Path) -> None:
    path = leave(A)
    whole = read(path)
    assert pack(A).merged == 1 and not path.with_suffix(".details.parquet").exists()
    assert merged("a", "--into", "c") == 0
    assert read(C / path.relative_to(A)) == whole


def test_a_table_that_one_folder_lacks_is_brought(workplace: Path) -> None:
    path = leave(A)
    shutil.copytree(A, B)
    path.with_suffix(".details.parquet").unlink()
    assert merged("a", "b", "--into", "c") == 0
    assert verify(C).problems == [] and verify(C).tables == 1


def test_a_conflict_is_named_and_nothing_is_written(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = leave(A, mean=0.5)
    new = leave(B, mean=0.6, started="2026-02-01T00:00:00+00:00")
    leave(B, 1)
    assert merged("a", "b", "--into", "c") == 2
    message = capsys.readouterr().err
    assert f"{old} and {new}: the values differ" in message and "--keep newest" in message
    assert not C.exists()
    for folders in (("a", "b"), ("b", "a")):
        assert merged(*folders, "--into", "c", "--keep", "newest") == 0
        assert read(C / new.relative_to(B)) == read(new) and verify(C).problems == []
        shutil.rmtree(C)
    assert merged("b", "--into", "a", "--keep", "newest") == 0
    assert read(old) == read(new) and verify(A).problems == []


def test_time_alone_is_a_conflict_that_says_so(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(A), leave(B, started="2026-02-01T00:00:00+00:00")
    assert merged("a", "b", "--into", "c") == 2
    assert "the values are equal, time or machine differ" in capsys.readouterr().err


@pytest.mark.parametrize("folders", [("a", "b"), ("b", "a")])
def test_a_success_replaces_a_failure(workplace: Path, folders: tuple[str, str]) -> None:
    leave(A, mean=None, started="2026-03-01T00:00:00+00:00")
    path = leave(B)
    assert merged(*folders, "--into", "c") == 0
    assert read(C / path.relative_to(B)) == read(path) and verify(C).problems == []


def test_what_cannot_be_believed_is_left_out_and_named(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torn, changed = leave(A), leave(A, 1)
    good = leave(A, 2)
    torn.write_bytes(torn.read_bytes()[:100])
    table = changed.with_suffix(".details.parquet")
    table.write_bytes(good.with_suffix(".details.parquet").read_bytes() + b"x")
    assert merged("a", "--into", "c") == 1
    out = capsys.readouterr().out
    assert str(torn) in out and str(table) in out and "1 records added" in out
    assert verify(C).problems == [] and verify(C).statuses.total() == 1


def test_a_bad_table_does_not_cost_the_record_that_it_was_to_replace(workplace: Path) -> None:
    old = leave(A, mean=0.5)
    new = leave(B, mean=0.6, started="2026-02-01T00:00:00+00:00")
    new.with_suffix(".details.parquet").write_bytes(b"torn")
    before = content(A)
    assert merged("b", "--into", "a", "--keep", "newest") == 1
    assert content(A) == before and old.exists()


@pytest.mark.parametrize("keep", [False, True], ids=["new", "replaced"])
@pytest.mark.parametrize("at", [1, 2, 4])
def test_a_killed_merge_leaves_whole_records_and_goes_on(
    workplace: Path, at: int, keep: bool
) -> None:
    """It is killed at each of its writes in turn, before the file is in its place."""
    for seed in range(3):
        leave(A, seed, mean=0.6, started="2026-02-01T00:00:00+00:00")
        if keep:
            leave(C, seed)
    words = ["results", "merge", "a", "--into", "c", *(["--keep", "newest"] if keep else [])]
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from coldbench.benchmarks.cli.main import main\n"
        f"left = [{at}]\n"
        "def dying(way):\n"
        "    def step(*words, **more):\n"
        "        left[0] -= 1\n"
        "        if left[0] == 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return way(*words, **more)\n"
        "    return step\n"
        "Path.replace, os.link = dying(Path.replace), dying(os.link)\n"
        f"sys.exit(main({words!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.returncode == -signal.SIGKILL
    before = content(A)
    found = verify(C)
    assert found.problems == [] and verify(A).problems == []
    assert cli.main(words) == 0 and content(A) == before
    found = verify(C)
    assert found.problems == [] and dict(found.statuses) == {"ok": 3} and found.alone == 0
    assert all(read(path).scores[COLD]["ndcg@10"].mean == 0.6 for path in C.glob("*/*/*/*.json"))


def test_a_target_that_cannot_be_written_is_a_sentence(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(A)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("coldbench.datasets.atomic.os.fsync", full)
    assert merged("a", "--into", "c") == 2
    message = capsys.readouterr().err
    assert "could not be written: the disk is full; what was merged before it is whole" in message
    assert not list(C.rglob("*.json")) and not list(C.rglob("*.tmp"))


def test_equal_folders_compare_equal(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leave(A)
    leave(B, started="2026-02-01T00:00:00+00:00")  # when and how fast is not compared
    leave(A, 1), leave(B, 2)
    assert cli.main(["results", "compare", "a", "b"]) == 0
    out = capsys.readouterr().out
    assert "1 runs equal to the last digit; 0 differ; 1 only in a; 1 only in b" in out
    assert out.count(" is only there") == 2


Change = Callable[[], Path]


@pytest.mark.parametrize(
    ("change", "what", "size"),
    [
        (lambda: leave(B, mean=0.5000000001), f"scores {COLD} ndcg@10 mean", "+1e-10"),
        (lambda: leave(B, validation={"tasks": {COLD: 0.1}}), f"validation tasks {COLD}", "0.1"),
        (lambda: leave(B, mean=None), "status", "failed"),
    ],
    ids=["last digit", "validation", "status"],
)
def test_what_differs_is_named_with_its_size(
    workplace: Path, change: Change, what: str, size: str, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(A)
    change()
    assert cli.main(["results", "compare", "a", "b"]) == 1
    out = capsys.readouterr().out
    assert what in out and size in out and "0 runs equal to the last digit; 1 differ" in out


def test_values_of_the_details_are_compared(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(A)
    monkeypatch.setitem(MORE, "precision@10", 0.250001)
    leave(B)
    assert cli.main(["results", "compare", "a", "b"]) == 1
    assert f"scores {COLD} precision@10 " in capsys.readouterr().out
