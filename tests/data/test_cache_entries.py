"""What was computed once is listed by kind, and removed where a user asks for it."""

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.datasets.cache import cache_arrays
from coldbench.datasets.cache_entries import DAY, choose_entries, list_entries, remove_entries
from coldbench.datasets.errors import DataError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with two arrays, one of which was not used for ten days, and a model in a folder."""
    monkeypatch.setenv("COLDBENCH_DATA", str(tmp_path))
    for key in ("old", "new"):
        cache_arrays("factors", key, lambda: {"a": np.arange(1000.0)})
    old = time.time() - 10 * DAY
    os.utime(tmp_path / "cache" / "factors" / "old.npz", (old, old))
    model = tmp_path / "cache" / "models" / "abc"
    (model / "inner").mkdir(parents=True)
    (model / "weights").write_bytes(bytes(1000))
    (model / "inner" / "config").write_bytes(bytes(24))
    (tmp_path / "ml-100k").mkdir()
    (tmp_path / "ml-100k" / "u.data").write_text("1")
    return tmp_path


def names() -> list[str]:
    return [f"{one.kind}/{one.path.name}" for one in list_entries()]


def test_the_cache_is_listed_by_kind(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert names() == ["factors/new.npz", "factors/old.npz", "models/abc"]
    sizes = {one.path.name: one.bytes for one in list_entries()}
    assert sizes["abc"] == 1024
    assert sizes["new.npz"] == (home / "cache" / "factors" / "new.npz").stat().st_size > 8000
    assert cli.main(["data", "cache"]) == 0
    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines() if line.startswith((" factors", " models"))]
    assert [row[:2] for row in rows] == [["factors", "2"], ["models", "1"]]
    assert f"3 entries, {sum(sizes.values()) / 1e6:,.1f} MB in {home / 'cache'}" in out


def test_a_kind_is_removed_and_computed_again(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["data", "cache", "--clear", "models"]) == 0
    assert "removed 1 of 3 entries, 0.0 MB" in capsys.readouterr().out
    assert names() == ["factors/new.npz", "factors/old.npz"]
    assert cli.main(["data", "cache", "--clear", "factors", "--unused-for", "5"]) == 0
    assert names() == ["factors/new.npz"]
    assert cli.main(["data", "cache", "--clear", "all"]) == 0
    assert names() == [] and (home / "ml-100k" / "u.data").exists()
    assert cli.main(["data", "cache"]) == 0
    assert f"nothing is in {home / 'cache'}" in capsys.readouterr().out
    made = cache_arrays("factors", "old", lambda: {"a": np.arange(3)})
    assert made["a"].tolist() == [0, 1, 2] and names() == ["factors/old.npz"]


def test_a_wrong_kind_removes_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "cache", "--clear", "factors", "--clear", "modles"]) == 2
    assert "kinds there: factors, models" in capsys.readouterr().err
    assert cli.main(["data", "cache", "--unused-for", "5"]) == 2
    assert "add --clear KIND" in capsys.readouterr().err
    assert cli.main(["data", "cache", "--clear", "all", "--unused-for", "-1"]) == 2
    assert "-1 days are no time; give 0 or more" in capsys.readouterr().err
    assert cli.main(["data", "cache", "--clear", "all", "--clear", "modles"]) == 2
    assert len(names()) == 3


def test_what_another_process_removes_first_is_no_error(home: Path) -> None:
    listed = list_entries()
    shutil.rmtree(home / "cache" / "models")
    removed = remove_entries(choose_entries(listed, ["models", "factors"]))
    assert len(listed) == 3 and list_entries() == []
    assert [one.kind for one in removed] == ["factors", "factors"]


def test_what_cannot_be_removed_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(DataError, match=r"new\.npz cannot be removed: .*Permission denied"):
        remove_entries(choose_entries(list_entries(), ["factors"]))


def test_a_removal_that_is_cut_short_leaves_no_half_of_a_model(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path) -> None:
        (path / "weights").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(shutil, "rmtree", killed)
        remove_entries(choose_entries(list_entries(), ["models"]))
    assert not (home / "cache" / "models" / "abc").exists()
    (left,) = [one for one in list_entries() if one.kind == "models"]
    assert remove_entries([left]) == [left] and len(names()) == 2


def test_what_cannot_be_read_is_not_passed_over(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(DataError, match=r"new\.npz cannot be read: .*Permission denied"):
        list_entries()
