"""Who may be called a winner: not on too little, on one draw, on findings or without direction."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.benchmarks.evaluation.direction import Direction, find_direction
from coldbench.benchmarks.evaluation.metrics import Metric
from coldbench.benchmarks.evaluation.task_result import Estimate
from coldbench.benchmarks.plugins.registry import list_names
from coldbench.benchmarks.records.record import RunRecord, read
from coldbench.benchmarks.reports.board import Board
from coldbench.benchmarks.reports.captions import list_notes_below
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.render import render_csv, render_markdown
from coldbench.benchmarks.reports.rows import Row
from coldbench.benchmarks.runs.execute import execute

from .test_leaderboard import (  # type: ignore[import-not-found]
    COLD,
    a_record,
    drawn,
    the_board,
    the_row,
)


def three(metric: str = "ndcg@10", **more: Any) -> list[RunRecord]:
    """A baseline, one clearly ahead of it and one clearly behind, in two draws."""
    return [
        *drawn("simple", 0.3, half=0.01, metric=metric, reference=True, **more),
        *drawn("high", 0.5, half=0.01, metric=metric, **more),
        *drawn("low", 0.1, half=0.01, metric=metric, **more),
    ]


def marked(board: Board) -> set[str]:
    """Who is called better than every baseline."""
    return {row.label for row in board.rows if board.beats_baselines(row, COLD)}


def crowned(board: Board) -> set[str]:
    """Everybody who is called better than somebody, anywhere on the leaderboard."""
    return marked(board) | {row.label for row in board.winners(COLD)}


def labels(rows: list[Row]) -> list[str]:
    return [row.label for row in rows]


def asked(records: list[RunRecord], users: int) -> list[RunRecord]:
    def fewer(figure: Estimate) -> Estimate:
        return replace(figure, n=users)

    return [
        one.model_copy(
            update={"scores": {COLD: {name: fewer(f) for name, f in one.scores[COLD].items()}}}
        )
        for one in records
    ]


@pytest.mark.parametrize("metric", ["ndcg@10", "harmonic_ndcg@10", "auc", "recall@20"])
def test_of_most_metrics_the_highest_is_best(metric: str) -> None:
    assert crowned(the_board(*three(metric))) == {"high"}


@pytest.mark.parametrize("metric", ["rmse", "mae", "rmse_pairs", "mae_pairs"])
def test_of_an_error_the_lowest_is_best(metric: str) -> None:
    assert crowned(the_board(*three(metric))) == {"low"}


@pytest.mark.parametrize("name", ["gini", "popularity", "coverage", "novelty", "diversity"])
def test_what_describes_the_lists_crowns_nobody(name: str) -> None:
    board = the_board(*three(f"{name}@10"))
    assert [row.label for _, row, _ in board.ranking(COLD)] == ["high", "simple", "low"]
    assert crowned(board) == set() and board.list_not_separated(COLD) == []
    text = render_markdown(board, COLD)
    assert f"{COLD}: no winner: {name}@10 has no better side" in text
    assert "†" not in text and "**" not in text
    rows = list(csv.DictReader(io.StringIO(render_csv([board], None))))
    assert {row["rank"] for row in rows} == {""}
    assert {row["uncrowned"] for row in rows} == {f"{name}@10 has no better side"}


def test_every_figure_that_a_run_makes_has_a_stated_direction() -> None:
    assert all(find_direction(name) is not Direction.NONE for name in list_names("metrics"))
    assert find_direction("metric_of_a_package_that_is_gone@10") is Direction.NONE
    assert Metric.direction is Direction.HIGHER


def test_a_task_with_few_users_crowns_nobody() -> None:
    board = the_board(*asked(three(), 49))
    assert crowned(board) == set() and board.list_not_separated(COLD) == []
    line = f"{COLD}: no winner: too small, 49 users of at least 50"
    assert list_notes_below(board, COLD)[0].startswith(line)
    assert crowned(the_board(*asked(three(), 50))) == {"high"}


def test_one_small_draw_makes_a_task_small() -> None:
    records = three()
    small = [one if one.seed else asked([one], 3)[0] for one in records]
    assert crowned(the_board(*small)) == set()


@pytest.mark.parametrize(("metric", "crown"), [("ndcg@10", set()), ("ndcg@9", {"high"})])
def test_a_task_with_few_candidates_crowns_nobody(metric: str, crown: set[str]) -> None:
    board = the_board(*three(metric, facts={"candidates": {COLD: 49}}))
    assert crowned(board) == crown
    message = "too small, 49 candidates of at least 50" in " ".join(list_notes_below(board, COLD))
    assert message is not bool(crown)


def test_candidates_that_are_not_in_the_record_are_unknown() -> None:
    assert the_board(*three()).candidates(COLD) is None
    assert crowned(the_board(*three(facts={"candidates": {"warm/warm/k=0": 1}}))) == {"high"}


def test_a_run_records_its_candidates(workplace: object) -> None:
    run = execute(compose_run(["method=popularity", "dataset=planted", "scenario=new_user"]))
    record = read(run.path)
    assert set(record.facts["candidates"]) == set(record.scores)
    assert min(record.facts["candidates"].values()) > 0


def test_a_single_draw_crowns_nobody() -> None:
    board = the_board(*(one for one in three() if one.seed == 0))
    assert crowned(board) == set() and board.list_not_separated(COLD) == []
    assert list_notes_below(board, COLD)[0] == (
        f"{COLD}: best mean on a single split: high, 0.5000 (0.4900 to 0.5100); "
        "no winner on a single split; best baseline simple, 0.3000 (-.200 ±.014)"
    )


def test_seeds_on_one_and_the_same_split_are_a_single_draw() -> None:
    same = [one.model_copy(update={"split_sha256": "e" * 64}) for one in three()]
    assert crowned(the_board(*same)) == set()


def test_the_best_row_of_one_draw_crowns_nobody_among_rows_of_several() -> None:
    records = [one for one in three() if one.method != "high" or one.seed == 0]
    assert crowned(the_board(*records)) == set()


def test_a_row_that_shares_one_draw_with_the_others_is_separated_from_nobody() -> None:
    records = [*three(), a_record("lucky", 0.45, half=0.01, seed=0)]
    board = the_board(*records)
    assert board.winners(COLD) == [] and labels(board.list_not_separated(COLD)) == ["lucky"]
    assert labels(board.best(COLD)) == ["high"]
    assert marked(board) == {"high"}, "its own comparison with the baseline stands"


def test_a_published_split_is_one_draw_by_nature() -> None:
    config = {"method": {}, "dataset": {}, "scenario": {"strategy": "published"}}
    board = the_board(*(one for one in three(config=config) if one.seed == 0))
    assert crowned(board) == {"high"}
    assert any(line.startswith("one split:") for line in list_notes_below(board, COLD))


def test_findings_of_the_audit_stand_above_the_table_and_crown_nobody() -> None:
    records = three()
    found = "test users see their own truth in new_item/cold/k=0"
    leaky = records[0].model_copy(update={"findings": [found]})
    board = the_board(leaky, *records[1:])
    assert crowned(board) == set()
    text = render_markdown(board, None)
    assert found in text and text.index(found) < text.index("| method |")
    assert f"{COLD}: no winner: the audit of the split has findings" in text


def test_a_plugin_that_calls_itself_a_reference_is_an_ordinary_row() -> None:
    plugin = {"method": {"package": "their-package", "source_sha256": "a" * 64}}
    board = the_board(
        *drawn("simple", 0.3, half=0.01, reference=True),
        *drawn("straw_man", 0.01, half=0.001, reference=True, code=plugin),
        *drawn("own", 0.5, half=0.01),
    )
    assert the_row(board, "simple").reference and not the_row(board, "straw_man").reference
    assert the_row(board, "straw_man").marks == ""
    alone = build_boards([*drawn("straw_man", 0.01, half=0.001, reference=True, code=plugin),
                    *drawn("own", 0.5, half=0.01)])[0]  # fmt: skip
    assert not any(alone.beats_baselines(row, COLD) for row in alone.rows)
