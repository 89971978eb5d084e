"""``results list``: one line per record, selected by what it is."""

import json
from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.record import record_path, write

from .test_leaderboard import a_record  # type: ignore[import-not-found]

HOME = Path("results")


def leave(method: str = "m", mean: float | None = 0.5, **more: Any) -> Path:
    record = a_record(method, mean, **more)
    path = record_path(HOME, record)
    assert write(path, record) is not None
    return path


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert cli.main(["results", "list", "--json", *words]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_a_line_has_the_settings_that_depart_from_the_defaults(
    workplace: Path, fakes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"weight": 1.0, "order": "down", "layers": [2, 3, 5]}
    leave("by_index", config={"method": settings, "dataset": {}, "scenario": {"track": "open"}})
    leave("gone", mean=None, seed=7)
    HOME.joinpath("grid/planted/by_index/torn.json").write_text("{")
    first, torn, failed = listed(capsys)
    assert first["settings"] == "by_index order=down layers=[2, 3, 5] scenario.track=open"
    assert first["score"] == "cold ndcg@10 0.5000" and first["status"] == "ok"
    assert torn["status"] == "unreadable" and torn["seed"] is None
    assert failed["settings"] == "gone" and failed["error"] == "ArithmeticError: singular"
    assert cli.main(["results", "list"]) == 0
    out = capsys.readouterr().out
    assert "order=down" in out and out.endswith("3 records\n")


def test_records_are_selected_by_any_of_several_values(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (0, 1, 2):
        leave("m", seed=seed)
    leave("n", preset="n_bm25 neighbours=5")
    leave("o", mean=None)
    assert [one["seed"] for one in listed(capsys, "--method", "m", "--seed", "0,2")] == [0, 2]
    assert [one["method"] for one in listed(capsys, "--method", "n_bm25,o")] == ["n", "o"]
    assert [one["method"] for one in listed(capsys, "--status", "failed")] == ["o"]
    assert len(listed(capsys, "--scenario", "grid", "--dataset", "planted")) == 5
    assert cli.main(["results", "list", "--method", "mm"]) == 2
    assert (
        "no method among these records 'mm'; there are: m, n, n_bm25, o" in capsys.readouterr().err
    )
