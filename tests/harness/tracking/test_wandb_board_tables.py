"""The tables and charts of W&B: what the boards say, under names that may be shown."""

import json
from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.render import csv_lines
from coldbench.benchmarks.tracking.allowed import OWN_TEXT
from coldbench.benchmarks.tracking.board_charts import draw_charts
from coldbench.benchmarks.tracking.board_names import make_key
from coldbench.benchmarks.tracking.board_tables import ShownBoard, show_boards

from .conftest import (  # type: ignore[import-not-found]
    CANARY,
    TASKS,
    TITLE,
    boards_of,
    made,
    put,
)


def lines_of(shown: ShownBoard) -> list[dict[str, Any]]:
    columns, rows = shown.table
    return [dict(zip(columns, row, strict=True)) for row in rows]


def test_a_table_is_what_the_leaderboard_says(folder: Path) -> None:
    made_boards = boards_of(folder)
    (shown,) = show_boards(made_boards)
    assert shown.title == TITLE and shown.key == "grid_planted"
    lines = lines_of(shown)
    expected = list(csv_lines(made_boards, None))
    assert len(lines) == len(expected) == 2 * len(TASKS) + 1
    same = {
        "task": "task", "rank": "rank", "method": "method", "family": "family", "mean": "mean",
        "low": "low", "high": "high", "draws": "draws", "users": "users", "winner": "winner",
        "difference": "difference", "difference_low": "difference_low", "p_holm": "p_holm",
        "shared_draws": "shared_draws", "beats_baselines": "beats_reference",
        "fit_seconds": "fit_seconds", "parameters": "parameters", "status": "status",
    }  # fmt: skip
    for line, one in zip(lines, expected, strict=True):
        assert {a: line[a] for a in same} == {a: one.get(b) for a, b in same.items()}
    good, poor = lines[:2]
    assert (good["row"], good["winner"], good["draws"]) == ("good", True, 2)
    assert (poor["difference"], poor["track"]) == (pytest.approx(-0.4), "strict")
    assert json.loads(good["settings"]) == {"neighbours": 20, "note": OWN_TEXT}
    assert lines[-1]["status"] == "failed" and lines[-1]["row"] == "broken"
    assert CANARY not in json.dumps(lines)


def test_rows_and_boards_that_differ_in_a_typed_text_stay_apart(folder: Path) -> None:
    put(folder, made("good", 0.4, 0, note="other"))
    elsewhere = made("good", 0.4, 0)
    config = elsewhere.config | {"dataset": {"folder": f"/mnt/{CANARY}", "k_core": 5}}
    put(folder, made("good", 0.4, 0, config=config))
    put(folder, made("good", 0.4, 0, config=config | {"dataset": {"folder": "b", "k_core": 7}}))
    shown = show_boards(boards_of(folder))
    assert len(shown) == 3 and len({one.key for one in shown}) == 3
    labels = [label for one in shown for label in one.labels.values()]
    assert labels.count("good") == 3 and labels.count("good (2)") == 1
    assert any("k_core=7" in one.title for one in shown)
    assert CANARY not in json.dumps([one.table for one in shown]) + "".join(
        one.title for one in shown
    )


@pytest.mark.parametrize(
    ("preset", "label"),
    [
        ("content_knn_bm25 neighbours=5", "content_knn_bm25 neighbours=5"),
        (f"content_knn_bm25 note={CANARY}", "content_knn_bm25"),
        ("good tuned=new_item", "good tuned=new_item"),
        (f"good tuned={CANARY}", "good"),
        (f"{CANARY}_preset", "good"),
    ],
)
def test_a_preset_is_named_where_it_is_ours(preset: str, label: str) -> None:
    (shown,) = show_boards(
        build_boards([made("good", 0.5, seed, preset=preset) for seed in (0, 1)])
    )
    assert list(shown.labels.values()) == [label]


def test_what_a_reader_must_know_of_a_row_is_there() -> None:
    training = {"training": {"adequacy": {"flags": ["the cap was reached"]}}}
    more = {"training": training, "track": "open", "tuning": {"trials": 30}}
    (shown,) = show_boards(build_boards([made("good", 0.5, seed, **more) for seed in (0, 1)]))
    line = lines_of(shown)[0]
    assert (line["training_flagged"], line["flags"]) == (True, "the cap was reached")
    assert (line["track"], line["tuned_trials"], line["base_model"]) == ("open", 30, None)
    foreign = more | {"code": {"method": {"package": "theirs"}}, "family": "language_model"}
    settings = {"method": {"model": f"/home/{CANARY}/model"}, "dataset": {}, "scenario": {}}
    (shown,) = show_boards(build_boards([made("good", 0.5, 0, **foreign, config=settings)]))
    line = lines_of(shown)[0]
    assert (line["training_flagged"], line["flags"]) == (True, OWN_TEXT), "a plugin's own sentence"
    assert line["base_model"] == OWN_TEXT
    settings["method"]["model"] = "sentence-transformers/all-MiniLM-L6-v2"
    ours = made("text_knn", 0.5, 0, family="language_model", config=settings)
    assert (
        lines_of(show_boards(build_boards([ours]))[0])[0]["base_model"]
        == settings["method"]["model"]
    )


def test_charts_draw_the_shots_and_the_cost(folder: Path) -> None:
    (shown,) = show_boards(boards_of(folder))
    charts = {one.key: one for one in draw_charts(shown)}
    assert set(charts) == {
        "shots/grid_planted_new_user_warm", "cost/grid_planted_new_item_cold_k_0",
        "cost/grid_planted_new_user_warm_k_0",
    }  # fmt: skip
    columns, rows = charts["shots/grid_planted_new_user_warm"].table
    assert columns == ["k", "row", "value", "low", "high"]
    assert [row[:3] for row in rows] == [
        [0, "good", 0.5], [0, "poor", pytest.approx(0.1)], [1, "good", 0.5],
        [1, "poor", pytest.approx(0.1)],
    ]  # fmt: skip
    columns, rows = charts["cost/grid_planted_new_item_cold_k_0"].table
    assert rows[0] == [1.5, 0.5, "good", "good", 10]


def test_names_fit_into_what_wandb_takes() -> None:
    long = "grid / planted " + " ".join(f"setting_{at}=0.{at}" for at in range(30))
    assert len(make_key(long)) < 100 and make_key(long) != make_key(f"{long}1")
    assert make_key("grid / ml-1m k=5.0 ä") == "grid_ml_1m_k_5_0"
