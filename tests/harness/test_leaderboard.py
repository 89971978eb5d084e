import csv
import io
import random
from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.record import RunRecord, record_path, with_identity, write
from coldbench.benchmarks.reports.board import Board, Row
from coldbench.benchmarks.reports.captions import list_notes_below
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.render import render_csv, render_markdown
from hypothesis import given
from hypothesis import strategies as st

COLD, WARM = "new_item/cold/k=0", "warm/warm/k=0"


def a_record(
    method: str = "m", mean: float | None = 0.5, *, task: str = COLD, half: float = 0.1,
    seed: int = 0, metric: str = "ndcg@10", **more: Any,
) -> RunRecord:  # fmt: skip
    scores = {}
    if mean is not None:
        scores = {task: {metric: {"mean": mean, "low": mean - half, "high": mean + half, "n": 100}}}
    content: dict[str, Any] = {
        "run_id": "",
        "status": "ok" if scores else "failed",
        "method": method,
        "family": "content",
        "dataset": "planted",
        "scenario": "grid",
        "seed": seed,
        "config": {"method": {}, "dataset": {}, "scenario": {}},
        "data_sha256": "d" * 64,
        "split_sha256": f"{seed:064x}",
        "code": {"method": {"package": "coldbench"}},
        "scenario_version": 1,
        "side_information": "inductive",
        "track": "strict",
        "scores": scores,
        "environment": {"python": "3.11", "packages": {}, "device": "cpu", "threads": 1},
        "started": "2026-01-01T00:00:00+00:00",
        "error": None if scores else "ArithmeticError: singular",
    }
    return with_identity(RunRecord.model_validate(content | more))


def drawn(method: str = "m", mean: float | None = 0.5, **more: Any) -> list[RunRecord]:
    """The same value in two draws of the split: one alone would crown nobody."""
    return [a_record(method, mean, seed=seed, **more) for seed in (0, 1)]


def the_board(*records: RunRecord, **words: Any) -> Board:
    (board,) = build_boards(records, **words)
    return board


def the_row(board: Board, label: str) -> Row:
    (row,) = [one for one in board.rows if one.label == label]
    return row


def test_a_row_is_the_mean_over_seeds_and_its_interval_spans_theirs() -> None:
    board = the_board(
        a_record(mean=0.2, half=0.1, seed=0), a_record(mean=0.4, half=0.3, seed=1),
        a_record("other", mean=0.1),
    )  # fmt: skip
    cell = the_row(board, "m").cells[COLD]
    assert (cell.mean, cell.low, cell.high) == pytest.approx((0.3, 0.1, 0.7))
    assert (cell.seeds, cell.users) == (2, 100)
    assert "the rows do not have the same seeds: compare with care" in list_notes_below(board, None)


def test_the_better_mean_is_ahead_and_is_named_the_winner() -> None:
    board = the_board(
        *drawn("random", 0.9, reference=True, family="reference"), *drawn("clever", 0.2)
    )
    assert [(rank, row.label) for rank, row, _ in board.ranking(COLD)] == [
        (1, "random"), (2, "clever"),
    ]  # fmt: skip
    assert list_notes_below(board, COLD)[0] == f"{COLD}: winner random, 0.9000 (0.8000 to 1.0000)"


def test_equal_means_share_a_rank_and_the_win() -> None:
    board = the_board(*drawn("b", 0.5), *drawn("a", 0.5), *drawn("c", 0.2, half=0.01))
    assert [(rank, row.label) for rank, row, _ in board.ranking(COLD)] == [
        (1, "a"), (1, "b"), (3, "c"),
    ]  # fmt: skip
    assert list_notes_below(board, COLD)[0].startswith(f"{COLD}: winner a and b, 0.5000")


def test_a_row_whose_interval_holds_the_winners_mean_is_not_separated() -> None:
    board = the_board(*drawn("a", 0.5), *drawn("near", 0.45), *drawn("far", 0.3))
    assert board.list_not_separated(COLD) == ["near"]
    assert list_notes_below(board, COLD)[0].endswith("; not separated from it: near")


@pytest.mark.parametrize(
    ("mean", "half", "beats"),
    [(0.5, 0.19, True), (0.5, 0.2, False), (0.5, 0.3, False), (0.1, 0.01, False)],
)
def test_a_win_needs_an_interval_above_the_best_reference_row(
    mean: float, half: float, beats: bool
) -> None:
    board = the_board(
        *drawn("weak", 0.1, reference=True), *drawn("strong", 0.3, reference=True),
        *drawn("m", mean, half=half),
    )  # fmt: skip
    assert board.beats_baselines(the_row(board, "m"), COLD) is beats
    assert not board.beats_baselines(the_row(board, "strong"), COLD)
    assert ("**0.5000†**" in render_markdown(board, None)) is beats


def test_rows_are_compared_seed_by_seed() -> None:
    """Ahead in the mean and in most seeds is not ahead in every seed."""
    board = the_board(
        a_record("strong", 0.3, reference=True, half=0.01, seed=0),
        a_record("strong", 0.7, reference=True, half=0.01, seed=1),
        a_record("steady", 0.4, half=0.05, seed=0), a_record("steady", 0.8, half=0.05, seed=1),
        a_record("lucky", 0.2, half=0.05, seed=0), a_record("lucky", 1.1, half=0.05, seed=1),
    )  # fmt: skip
    assert board.beats_baselines(the_row(board, "steady"), COLD)
    assert not board.beats_baselines(the_row(board, "lucky"), COLD)
    assert [row.label for row in board.winners(COLD)] == ["lucky"]
    assert board.list_not_separated(COLD) == ["steady", "strong"]


def test_without_a_reference_row_nobody_is_marked() -> None:
    board = the_board(*drawn("a", 0.9, half=0.0), *drawn("b", 0.1))
    assert not any(board.beats_baselines(row, COLD) for row in board.rows)
    assert "†" not in render_markdown(board, None)


def test_of_an_error_the_lower_one_wins() -> None:
    board = the_board(
        *drawn("worse", 1.2, metric="rmse"), *drawn("better", 0.9, metric="rmse"),
        *drawn("mean", 1.1, metric="rmse", reference=True),
    )  # fmt: skip
    assert board.metric == "rmse"
    assert [row.label for _, row, _ in board.ranking(COLD)] == ["better", "mean", "worse"]
    assert board.beats_baselines(the_row(board, "better"), COLD)
    assert not board.beats_baselines(the_row(board, "worse"), COLD)


def test_what_has_no_figure_is_shown_with_its_reason_and_never_as_zero() -> None:
    board = the_board(
        a_record("good", 0.5),
        a_record("bad", None),
        a_record("unfit", None, status="not_applicable", error="Unfit needs a graph"),
    )
    text = render_markdown(board, None)
    assert "| bad | content | - | 1 | failed |" in text
    assert "| unfit | content | - | 1 | not applicable |" in text
    assert "0.0000" not in text
    assert "bad, seed 0: failed: ArithmeticError: singular" in list_notes_below(board, None)
    assert "unfit, seed 0: not applicable: Unfit needs a graph" in list_notes_below(board, None)
    assert [row.label for _, row, _ in board.ranking(COLD)] == ["good"]


def test_a_failed_seed_is_told_beside_the_finished_ones() -> None:
    board = the_board(a_record("m", 0.5, seed=0), a_record("m", None, seed=1))
    assert the_row(board, "m").cells[COLD].seeds == 1
    assert "m, seed 1: failed: ArithmeticError: singular" in list_notes_below(board, None)


def test_settings_make_rows_and_threads_do_not() -> None:
    small = {"method": {"factors": 8, "depth": 2}, "threads": 1}
    large = {"method": {"factors": 64, "depth": 2}, "threads": 1}
    later = {"started": "2026-02-01T00:00:00+00:00", "config": large | {"threads": 2}}
    board = the_board(
        a_record("m", 0.1, config=small), a_record("m", 0.2, config=large),
        a_record("m", 0.3, **later), a_record("other"),
    )  # fmt: skip
    assert sorted(row.label for row in board.rows) == ["m factors=64", "m factors=8", "other"]
    assert the_row(board, "m factors=64").cells[COLD].mean == 0.3


def test_a_failure_never_hides_a_finished_run() -> None:
    late = {"started": "2026-02-01T00:00:00+00:00"}
    for records in ((a_record("m", 0.3), a_record("m", None, **late)),
                    (a_record("m", None), a_record("m", 0.3, **late))):  # fmt: skip
        assert the_row(the_board(*records), "m").cells[COLD].mean == 0.3


def test_what_was_seen_is_told_in_the_row() -> None:
    board = the_board(
        a_record("a", side_information="transductive"), a_record("b", track="open"),
        a_record("c", family="language_model"), a_record("d", reference=True), a_record("e"),
    )  # fmt: skip
    assert {row.label: row.marks for row in board.rows} == {
        "a": "transductive", "b": "open track", "c": "pretrained language model",
        "d": "baseline", "e": "",
    }  # fmt: skip


def test_figures_that_are_not_comparable_stand_on_different_boards() -> None:
    temporal = {"method": {}, "dataset": {}, "scenario": {"strategy": "temporal"}}
    drawn = {"method": {}, "dataset": {}, "scenario": {"strategy": "random"}}
    made = build_boards(
        [a_record(config=drawn), a_record(config=temporal), a_record(dataset="ml-1m"),
         a_record(scenario="new_user"), a_record(scenario_version=2, dataset="ml-100k"),
         a_record(scenario_version=1, dataset="ml-100k")]
    )  # fmt: skip
    assert len(made) == 6
    assert len({board.title for board in made}) == 6
    assert "grid / planted scenario.strategy=temporal" in {board.title for board in made}
    assert len(build_boards([a_record(), a_record(dataset="ml-1m")], dataset="ml-1m")) == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(0, 5)), min_size=1,
                unique_by=lambda one: one[:2]), st.randoms())  # fmt: skip
def test_the_order_of_the_records_does_not_matter(
    drawn: list[tuple[str, int, int]], shuffler: random.Random
) -> None:
    records = [a_record(method, mean / 5, seed=seed) for method, seed, mean in drawn]
    shuffled = list(records)
    shuffler.shuffle(shuffled)
    assert render_markdown(the_board(*records), None) == render_markdown(the_board(*shuffled), None)
    ranks = [rank for rank, _, _ in the_board(*records).ranking(COLD)]
    assert ranks[0] == 1 and ranks == sorted(ranks)


def test_csv_holds_every_figure_and_every_reason() -> None:
    made = build_boards(
        [a_record("a", 0.5), a_record("a", 0.7, task=WARM, seed=1), a_record("b", None)]
    )
    rows = list(csv.DictReader(io.StringIO(render_csv(made, None))))
    assert {(row["task"], row["label"], row["status"]) for row in rows} == {
        (COLD, "a", "ok"), (WARM, "a", "ok"), ("", "b", "failed"),
    }  # fmt: skip
    assert rows[-1]["reason"] == "ArithmeticError: singular" and rows[-1]["mean"] == ""
    assert float(next(r["mean"] for r in rows if r["task"] == WARM)) == 0.7


def test_memory_is_known_where_a_record_is_sure_of_it() -> None:
    def record(seed: int, peak: int | None, schema: int = 2) -> RunRecord:
        cost = {"fit_seconds": 1.0, "score_seconds": 1.0, "peak_bytes": peak,
                "trainable_parameters": 0, "parameters": 0}  # fmt: skip
        return a_record("a", seed=seed, cost=cost, schema=schema)

    def shown(*records: RunRecord) -> str:
        (row,) = csv.DictReader(io.StringIO(render_csv(build_boards(records), None)))
        return str(row["peak_bytes"])

    assert shown(record(0, 600), record(1, None), record(2, 51, schema=1)) == "600.0"
    assert shown(record(1, None), record(2, 51, schema=1)) == ""


@pytest.fixture
def stored(workplace: Path) -> Path:
    for record in (*drawn("a", 0.5), *drawn("b", 0.2), *drawn("b", 0.4, dataset="ml-1m")):
        write(record_path(Path("results"), record), record)
    return workplace


def test_the_command_draws_it_from_the_folder_alone(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["leaderboard", "--dataset", "planted"]) == 0
    out = capsys.readouterr().out
    assert "grid / planted: ndcg@10" in out and "ml-1m" not in out
    assert f"{COLD}: winner a, 0.5000 (0.4000 to 0.6000)" in out
    assert cli.main(["leaderboard", "--task", COLD, "--format", "md"]) == 0
    assert "| **1** | **a** | **content** | **0.5000** |" in capsys.readouterr().out
    assert cli.main(["leaderboard", "--format", "csv", "--results", str(stored / "results")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_a_corrupt_record_is_told_and_the_rest_is_shown(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Path("results/grid/planted/a/0badbadbadbadbad.json")
    broken.write_text('{"schema": 1, "run_id"')
    assert cli.main(["leaderboard"]) == 0
    message = capsys.readouterr()
    assert (
        message.err.startswith(f"{broken} is not a readable record (") and "winner a" in message.out
    )


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--task", "new_item/cld/k=0"], "no task 'new_item/cld/k=0'; did you mean new_item/cold"),
        (["--dataset", "planned"], "no dataset 'planned'; did you mean planted? there are: ml-1m"),
        (["--scenario", "gird"], "no scenario 'gird'; did you mean grid? there are: grid"),
        (["--metric", "ndcg"], "no metric 'ndcg'; did you mean ndcg@10? there are: ndcg@10"),
        (["--results", "nowhere"], "no record in nowhere; make one with: coldbench run method="),
    ],
)
def test_a_wrong_name_is_told(
    stored: Path, argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["leaderboard", *argv]) == 2
    assert capsys.readouterr().err.startswith(message)


def test_seeds_without_scores_for_one_reason_share_a_line() -> None:
    failed = [a_record("a", None, seed=seed) for seed in (0, 2)]
    other = a_record("a", None, seed=1, error="ValueError: nothing")
    row = the_row(the_board(a_record("b", 0.2), *failed, other), "a")
    assert row.failure_reasons == [
        "a, seeds 0, 2: failed: ArithmeticError: singular",
        "a, seed 1: failed: ValueError: nothing",
    ]
