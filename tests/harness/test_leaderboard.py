import csv
import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.evaluation.spread import estimate_error, spread_over_draws
from coldbench.benchmarks.records.record import RunRecord, record_path, with_identity, write
from coldbench.benchmarks.reports.board import Board
from coldbench.benchmarks.reports.captions import list_notes_below
from coldbench.benchmarks.reports.differences import compare_rows
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.render import render_csv, render_markdown
from coldbench.benchmarks.reports.rows import Row
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

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


def test_a_value_is_the_mean_over_draws_with_an_interval_over_them() -> None:
    board = the_board(
        a_record(mean=0.2, half=0.1, seed=0), a_record(mean=0.4, half=0.3, seed=1),
        a_record("other", mean=0.1),
    )  # fmt: skip
    cell = the_row(board, "m").cells[COLD]
    errors = [estimate_error(m, m - h, m + h, "ndcg@10") for m, h in ((0.2, 0.1), (0.4, 0.3))]
    within = float(np.mean(np.square(errors)))
    spread = spread_over_draws([0.2, 0.4], 0.125, within)
    assert (cell.mean, cell.low, cell.high) == pytest.approx((0.3, *spread.bounds("ndcg@10")))
    assert (cell.draws, cell.users) == (2, 100)
    alone = the_row(board, "other").cells[COLD]
    assert (alone.low, alone.high) == pytest.approx((0.0, 0.2)), "that of the record"
    message = (
        "the rows have 1 to 2 draws of the split; two rows are compared on those that both have"
    )
    assert message in list_notes_below(board, None)


def test_the_overlap_of_draws_is_that_of_what_is_drawn() -> None:
    facts = {"cold_test_items": 10, "warm_items": 40, "cold_test_users": 30, "warm_users": 60}
    for task, overlap in (
        ("new_item/cold/k=0", 0.25), ("new_user/warm/k=5", 0.5),
        ("new_user_new_item/cold/k=0", 0.5), ("warm/warm/k=0", 0.1 / 0.8),
    ):  # fmt: skip
        board = the_board(*drawn(task=task, facts=facts))
        assert the_row(board, "m").cells[task].overlap == overlap
    config = {"method": {}, "scenario": {"test_fraction": 0.2, "train_fraction": 0.5}}
    board = the_board(*drawn(task=WARM, config=config))
    assert the_row(board, "m").cells[WARM].overlap == 0.4


def test_what_learns_nothing_shares_no_training_data_with_another_draw() -> None:
    facts = {"cold_test_items": 10, "warm_items": 40}
    cost = {"fit_seconds": 1.0, "score_seconds": 1.0, "peak_bytes": None, "trainable_parameters": 0}
    nothing: dict[str, Any] = {
        "facts": facts,
        "family": "reference",
        "cost": cost | {"parameters": 0},
    }
    counted: dict[str, Any] = {
        "facts": facts,
        "family": "reference",
        "cost": cost | {"parameters": 9},
    }
    board = the_board(
        *(a_record("random", mean, seed=at, **nothing) for at, mean in enumerate((0.1, 0.2))),
        *(a_record("counts", mean, seed=at, **counted) for at, mean in enumerate((0.1, 0.2))),
        *(a_record("learns", mean, seed=at, facts=facts) for at, mean in enumerate((0.3, 0.6))),
    )
    random, counts, learns = (the_row(board, name) for name in ("random", "counts", "learns"))
    assert [row.cells[COLD].overlap for row in (random, counts, learns)] == [0.0, 0.25, 0.25]
    widths = [row.cells[COLD].high - row.cells[COLD].low for row in (random, counts)]
    assert widths[0] < widths[1]
    for pair in ((random, learns), (learns, random)):  # of two rows the larger share counts
        one, other = compare_rows(*pair, COLD), compare_rows(counts, learns, COLD)
        assert one is not None and other is not None
        assert one.spread.error == other.spread.error


def test_seeds_on_one_split_are_one_draw() -> None:
    records = [a_record(mean=m, seed=s, split_sha256="e" * 64) for s, m in enumerate((0.2, 0.4))]
    cell = the_row(the_board(*records), "m").cells[COLD]
    assert cell.draws == 1 and (cell.mean, cell.low, cell.high) == pytest.approx((0.3, 0.2, 0.4))


def test_the_better_mean_is_ahead_and_is_named_the_winner() -> None:
    board = the_board(
        *drawn("popularity", 0.9, reference=True, family="reference"), *drawn("clever", 0.2)
    )
    assert [(rank, row.label) for rank, row, _ in board.ranking(COLD)] == [
        (1, "popularity"), (2, "clever"),
    ]  # fmt: skip
    line = list_notes_below(board, COLD)[0]
    assert line.startswith(f"{COLD}: winner popularity, 0.9000 (0.")


def test_equal_means_share_a_rank_and_the_win() -> None:
    board = the_board(*drawn("b", 0.5), *drawn("a", 0.5), *drawn("c", 0.2, half=0.01))
    assert [(rank, row.label) for rank, row, _ in board.ranking(COLD)] == [
        (1, "a"), (1, "b"), (3, "c"),
    ]  # fmt: skip
    assert list_notes_below(board, COLD)[0].startswith(f"{COLD}: winner a and b, 0.5000")


def test_a_row_that_is_not_surely_behind_is_not_separated() -> None:
    board = the_board(*drawn("a", 0.5), *drawn("near", 0.45), *drawn("far", 0.1))
    assert [row.label for row in board.list_not_separated(COLD)] == ["near"]
    assert board.winners(COLD) == [] and [row.label for row in board.best(COLD)] == ["a"]
    line = list_notes_below(board, COLD)[0]
    assert f"{COLD}: best mean a, 0.5000 (" in line and line.endswith(
        "; not separated from it: near"
    )
    text = render_markdown(board, None)
    assert "| 0.5000~ |" in text and "| 0.4500~ (-.050 ±" in text and "| 0.1000 (-.400 ±" in text


def wide(method: str, values: list[float], half: float = 0.01, **more: Any) -> list[RunRecord]:
    return [a_record(method, mean, half=half, seed=s, **more) for s, mean in enumerate(values)]


def test_rows_are_compared_draw_by_draw() -> None:
    """What a draw does to all rows cancels out; a row that is behind in one is not separated."""
    hard = [0.0, 0.1, 0.2, 0.3, 0.4]
    board = the_board(
        *wide("best", [0.5 + h for h in hard]), *wide("behind", [0.4 + h for h in hard]),
        *wide("turns", [0.55] + [0.2 + h for h in hard[1:]]),
        *wide("simple", [0.3 + h for h in hard], reference=True),
    )  # fmt: skip
    assert [row.label for row in board.best(COLD)] == ["best"]
    assert [row.label for row in board.list_not_separated(COLD)] == ["turns"]
    found = board.difference(the_row(board, "behind"), COLD)
    assert found is not None and found.mean == pytest.approx(-0.1) and found.half < 0.03
    marked = {row.label for row in board.rows if board.beats_baselines(row, COLD)}
    assert marked == {"best", "behind"}


def test_holms_correction_is_over_the_rows_of_the_task() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.02, (12, 5))
    rows = [wide(f"row{at}", list(0.5 - 0.012 * at + one)) for at, one in enumerate(noise)]
    board = the_board(*(one for row in rows for one in row))
    (best,) = board.best(COLD)
    others = [row for row in board.rows if row is not best]
    found = {row.label: board.difference(row, COLD) for row in others}
    plain = [one.spread.p_value for one in found.values() if one is not None]
    corrected = multipletests(plain, method="holm")[1]
    held = [one.p_holm for one in found.values() if one is not None]
    assert held == pytest.approx(list(corrected)) and min(held) > min(plain)
    alone = the_board(*(r for row in (rows[0], rows[11]) for r in row))
    one = alone.difference(the_row(alone, "row11"), COLD)
    assert one is not None and one.p_holm == pytest.approx(one.spread.p_value)


def test_rows_with_other_draws_are_compared_on_the_shared_ones() -> None:
    board = the_board(
        *wide("long", [0.5, 0.6, 0.7, 0.2, 0.1]), *wide("short", [0.4, 0.5, 0.6]),
    )  # fmt: skip
    assert [row.label for row in board.best(COLD)] == ["long"], "ahead where both were measured"
    found = board.difference(the_row(board, "short"), COLD)
    assert found is not None and found.draws == 3 and found.mean == pytest.approx(-0.1)
    assert found.significant, "by 0.1 on each of them"
    assert [row.label for row in board.winners(COLD)] == ["long"]


def test_rows_that_are_equal_in_every_draw_share_the_win() -> None:
    board = the_board(*wide("a", [0.5, 0.6]), *wide("b", [0.5, 0.6]), *wide("c", [0.1, 0.2]))
    assert [row.label for row in board.winners(COLD)] == ["a", "b"]
    crossed = the_board(*wide("a", [0.5, 0.6]), *wide("b", [0.6, 0.5]), *wide("c", [0.1, 0.2]))
    assert crossed.winners(COLD) == []


@given(st.permutations(range(4)), st.integers(0, 2**16))
def test_the_comparison_is_symmetric_and_does_not_depend_on_the_order(
    order: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = [wide(f"row{at}", list(rng.uniform(0.1, 0.9, 4)), half=0.05) for at in range(4)]
    board = the_board(*(one for row in rows for one in row))
    shuffled = the_board(*(one for at in order for one in rows[at]))
    assert render_csv([board], None) == render_csv([shuffled], None)
    first, second = board.rows[0], board.rows[1]
    ahead, behind = compare_rows(first, second, COLD), compare_rows(second, first, COLD)
    assert ahead is not None and behind is not None
    assert ahead.mean == pytest.approx(-behind.mean) and ahead.half == pytest.approx(behind.half)
    assert ahead.spread.p_value == pytest.approx(behind.spread.p_value)


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
    assert the_row(board, "m").cells[COLD].draws == 1
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
    assert f"{COLD}: winner a, 0.5000 (0." in out
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


def test_only_the_records_of_the_datasets_that_are_asked_for_are_read(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a folder of thousands the others take seconds; what is wrong there is not asked for."""
    words = ["leaderboard", "--dataset", "planted", "--scenario", "grid"]
    assert cli.main(words) == 0
    whole = capsys.readouterr().out
    for elsewhere in ("grid/ml-1m/a", "new_item/planted/a"):
        folder = Path("results", elsewhere)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "0badbadbadbadbad.json").write_text("{")
    assert cli.main(words) == 0
    assert capsys.readouterr() == (whole, "")
    assert cli.main(["leaderboard", "--dataset", "ml-1m", "--scenario", "new_item"]) == 2
    assert capsys.readouterr().err.startswith("no run of ml-1m under new_item in results; `cold")
    assert cli.main(["leaderboard", "--dataset", "planted", "--metric", "mrr"]) == 2
    assert "there are: ndcg@10" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--task", "new_item/cld/k=0"], "no task 'new_item/cld/k=0'; did you mean new_item/cold"),
        (["--dataset", "planned"], "no dataset 'planned'; did you mean planted? there are: ml-1m"),
        (["--dataset", "ml-1m,x"], "no dataset 'x'; there are: ml-1m, planted"),
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


@pytest.mark.parametrize("form", ["csv", "md", "table"])
def test_without_its_cost_a_leaderboard_is_the_same_from_everybody(
    workplace: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """Seconds and memory are what no two makers of the same runs have in common."""
    took: dict[str, Any] = {"trainable_parameters": 7, "parameters": 7}
    for seconds in (1.25, 77.5):
        cost = took | {"fit_seconds": seconds, "score_seconds": seconds, "peak_bytes": int(seconds)}
        one = a_record(cost=cost)
        write(record_path(Path(f"of-{seconds}"), one), one)

    def printed(*words: str) -> list[str]:
        found = []
        for seconds in (1.25, 77.5):
            argv = ["leaderboard", "--results", f"of-{seconds}", "--format", form, *words]
            assert cli.main(argv) == 0
            found.append(capsys.readouterr().out)
        return found

    one, other = printed("--no-cost")
    assert one == other and "nan" not in one and "0.5" in one
    one, other = printed()
    assert one != other or form != "csv"
