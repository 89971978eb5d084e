"""Every number and verdict of the report is the board's own."""

import json
import re
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.benchmarks.plugins.registry import list_names
from coldbench.benchmarks.records.pack import pack
from coldbench.benchmarks.records.stored_slices import read_slices
from coldbench.benchmarks.report_page.across_panel import collect_across, group_unseparated
from coldbench.benchmarks.report_page.assemble import collect_report
from coldbench.benchmarks.report_page.bibtex import find_source, make_bibtex
from coldbench.benchmarks.report_page.card_panel import collect_card
from coldbench.benchmarks.report_page.curve_panel import choose_curves, find_front, group_by_shots
from coldbench.benchmarks.report_page.page import (
    SCRIPTS,
    read_asset,
    render_page,
    to_safe_json,
    unpack_data,
)
from coldbench.benchmarks.report_page.pair_panel import LAYOUT, ONE_SIGN, collect_pairs
from coldbench.benchmarks.report_page.row_panel import collect_rows
from coldbench.benchmarks.report_page.run_command import list_words, make_command
from coldbench.benchmarks.report_page.sentences import list_sentences
from coldbench.benchmarks.report_page.slice_panel import collect_slices
from coldbench.benchmarks.report_page.task_panel import collect_task
from coldbench.benchmarks.report_page.training_panel import collect_training
from coldbench.benchmarks.reports.captions import list_notes_below
from coldbench.benchmarks.reports.differences import compare_rows
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.table_grids import compute_mean_ranks
from coldbench.benchmarks.runs.identity import make_identity

from .report_records import (  # type: ignore[import-not-found]
    HARM,
    TASKS,
    estimate,
    harmful_record,
    report_board,
    report_records,
    write_records,
)  # fmt: skip
from .test_leaderboard import a_record, the_row  # type: ignore[import-not-found]


@pytest.mark.parametrize("task", TASKS)
def test_the_columns_of_a_task_are_the_boards(task: str) -> None:
    board = report_board()
    found = collect_task(board, task)
    assert found["winners"] == [board.rows.index(row) for row in board.winners(task)]
    assert found["near"] == [board.rows.index(row) for row in board.list_not_separated(task)]
    assert found["against"] == board.find_reasons_against_winner(task)
    assert found["notes"] == list_notes_below(board, task)
    assert found["chance"] == pytest.approx(board.chance(task))
    columns = found["columns"]
    for at, row in enumerate(board.rows):
        cell, apart = row.cells[task], board.difference(row, task)
        held = [columns[name][at] for name in ("mean", "low", "high")]
        assert held == pytest.approx([cell.mean, cell.low, cell.high], rel=1e-4)
        assert (columns["draws"][at], columns["users"][at]) == (cell.draws, cell.users)
        assert (columns["difference"][at] is None) == (apart is None)
        if apart is not None:
            assert columns["difference"][at] == pytest.approx(apart.mean, rel=1e-4)
            assert columns["half"][at] == pytest.approx(apart.half, rel=1e-4)
            assert columns["p_holm"][at] == (
                None if apart.p_holm is None else pytest.approx(apart.p_holm, rel=1e-4)
            )
        assert columns["below_chance"][at] == (cell.mean <= 0.025)
        assert found["by_split"][at] == pytest.approx(list(cell.means.values()), rel=1e-4)
    ranks = {row.label: rank for rank, row, _ in board.ranking(task)}
    assert columns["rank"] == [ranks[row.label] for row in board.rows]


def test_the_verdicts_are_there_to_be_seen() -> None:
    board = report_board()
    won, tied = collect_task(board, TASKS[0]), collect_task(board, TASKS[1])
    names = [row.label for row in board.rows]
    assert [names[at] for at in won["winners"]] == ["heater"]
    assert won["columns"]["state"][names.index("heater")] == "winner"
    assert not tied["winners"] and tied["near"]
    states = dict(zip(names, tied["columns"]["state"], strict=True))
    assert {states["word_knn"], states["content_knn"]} == {"best", "near"}


def test_a_row_tells_what_it_is_reads_and_costs() -> None:
    board = report_board()
    rows = collect_rows(board)
    ranks = compute_mean_ranks(board)
    for row, told in zip(board.rows, rows, strict=True):
        assert told["rank"] == pytest.approx(ranks[id(row)], rel=1e-4)
        assert told["cost"]["fit_seconds"] == pytest.approx(row.cost("fit_seconds"))
    by_name = {told["label"]: told for told in rows}
    assert by_name["heater"]["flags"] == [["stopped at its cap of 300 steps", [0, 1, 2]]]
    assert by_name["heater"]["name"] == "heater ‡"
    assert [name for name, told in by_name.items() if told["text"]] == ["word_knn"]
    assert [name for name, told in by_name.items() if told["chance"]] == ["random"]


def test_any_two_rows_are_paired_as_the_board_pairs_them() -> None:
    board = report_board()
    found = collect_pairs(board, TASKS[1])
    packed = np.frombuffer(b64decode(found["packed"]), dtype=LAYOUT)
    rows = [board.rows[at] for at in found["rows"]]
    assert len(packed) == len(rows) * (len(rows) - 1) // 2 and packed.itemsize == 7
    at = 0
    for i in range(len(rows)):
        for j in range(i):
            one = compare_rows(rows[i], rows[j], TASKS[1])
            assert one is not None
            assert packed["mean"][at] * found["unit"] == pytest.approx(one.mean, abs=found["unit"])
            assert packed["half"][at] * found["unit"] == pytest.approx(one.half, abs=found["unit"])
            assert packed["p"][at] / 65_535 == pytest.approx(one.spread.p_value, abs=1e-4)
            assert packed["told"][at] == one.draws + ONE_SIGN * one.one_sign
            at += 1


def test_a_sentence_names_the_best_its_equals_and_what_costs_less() -> None:
    told = {one["task"]: one["text"] for one in list_sentences(report_board())}
    assert told[TASKS[0]].startswith("For known users and items: heater ‡ 0.2")
    assert "ahead of all others" in told[TASKS[0]]
    assert re.fullmatch(
        r"For new items: word_knn 0\.3\d+, not separated from content_knn; "
        r"content_knn costs 700 times less at [+-]\.\d{3}\.",
        told[TASKS[1]],
    )
    assert told[TASKS[4]].startswith("For new users (k=5): heater ‡ 0.3")


def test_a_sentence_declares_no_winner_where_the_board_does_not() -> None:
    (board,) = build_boards([one for one in report_records() if one.seed == 0])
    for one in list_sentences(board):
        assert "best mean on a single split" in one["text"]


def test_the_front_holds_what_no_cheaper_row_equals() -> None:
    board = report_board()
    front = [row.label for row in find_front(board, TASKS[1])]
    assert front == ["random", "content_knn", "word_knn"], "popularity ties with random"
    groups = group_by_shots(board)
    assert groups == {"new_user/warm": list(TASKS[2:])}
    assert {row.label for row in choose_curves(board, groups["new_user/warm"])} == {
        "heater", "content_knn", "popularity",
    }  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_slices_are_means_over_the_runs(tmp_path: Path, packed: bool) -> None:
    records = report_records(sliced=True)
    home = write_records(tmp_path, records)
    if packed:
        pack(home)
    board = report_board(records)
    found = collect_slices(board, home)
    assert list(found) == [TASKS[1]]
    one = found[TASKS[1]]
    assert one["groups"] == ["history:1-5", "gap:gender"] and one["users"] == [100, 100]
    assert all(values == pytest.approx([0.11, 0.05], abs=1e-4) for values in one["values"])


def test_a_record_of_an_earlier_schema_holds_its_slices_itself(tmp_path: Path) -> None:
    slices = {TASKS[1]: {"history:0": {"ndcg@10": estimate(0.2), "recall@10": estimate(0.9)}}}
    record = a_record("m", 0.5, schema=2, slices=slices)
    home = write_records(tmp_path, [record])
    found = read_slices([record.model_copy(update={"slices": {}})], home, "ndcg@10")
    assert found == {record.run_id: {TASKS[1]: {"history:0": (0.2, 100)}}}


def test_training_curves_are_those_of_the_records() -> None:
    board = report_board()
    found = collect_training(board)
    place = [row.label for row in board.rows].index("heater")
    assert [(one["row"], one["seed"]) for one in found] == [(place, 0), (place, 1), (place, 2)]
    one = found[0]
    assert one["losses"] == [0.9, 0.5, 0.4] and one["validation"] == [[1, 0.1], [3, 0.2]]
    assert one["groups"] == {"new_item": [[1, 0.05], [3, 0.07]]} and one["kept"] == {"new_item": 3}
    assert one["chance_loss"] == 0.693


def test_of_many_draws_as_many_are_drawn_as_are_asked_for() -> None:
    training = {"losses": [0.9, 0.5], "steps": 2}
    records = [a_record("m", 0.5, seed=seed, training=training) for seed in (4, 2, 0, 3, 1)]
    (board,) = build_boards(records)
    assert [one["seed"] for one in collect_training(board)] == [0, 1, 2, 3, 4]
    assert [one["seed"] for one in collect_training(board, 2)] == [0, 1]


def test_a_report_of_a_plugin_that_holds_anything_breaks_nothing() -> None:
    strange = {"a": {"losses": ["x", None, 1.0, float("nan")], "validation": [[1], "no", [1, 2.0]],
                     "adequacy": 3, "validation_parts": []}}  # fmt: skip
    records = [a_record("m", 0.5, seed=seed, training=strange) for seed in (0, 1)]
    (board,) = build_boards(records)
    found = collect_training(board)
    assert found[0]["losses"] == [None, None, 1.0, None]
    assert found[0]["validation"] == [[1, 2.0]] and found[0]["name"] == "a"
    json.dumps(found, allow_nan=False)


def test_the_card_is_the_datasets_and_its_counts_are_ranges() -> None:
    card = collect_card(report_board())
    assert ["positive interactions", "1,000 to 1,002"] in card["counts"]
    assert ["warm users", "80"] in card["counts"] and ["draws of the split", "3"] in card["counts"]
    records = [a_record(seed=seed, dataset="ml-100k") for seed in (0, 1)]
    assert "MovieLens" in collect_card(build_boards(records)[0])["title"]


def test_ranks_across_datasets_join_what_is_not_separated() -> None:
    records = [
        one for at, name in enumerate(("a", "b", "c")) for one in report_records(name, 0.001 * at)
    ]
    found = collect_across(build_boards(records))
    assert [one["task"] for one in found] == list(TASKS)
    assert found[0]["labels"][0] == "heater" and len(found[0]["table"]) == 5
    assert group_unseparated([1.0, 1.5, 2.0, 4.0, 4.2], 1.0) == [[0, 2], [3, 4]]
    assert group_unseparated([1.0, 3.0], 1.0) == []


@pytest.mark.parametrize(
    "words",
    [
        ["method=content_knn_bm25"],
        ["method=heater", "method.hidden=[64,32]", "trainer.max_steps=5", "threads=2"],
        ["method=item_knn", "dataset=ml-100k", "dataset.k_core=5", "scenario=new_user",
         "scenario.shots=[0,2]", "scenario.track=open", "evaluation.ks=[5,10]"],
        ["method=popularity", "scenario.strategy=temporal", "scenario.quantiles=[0.7,0.9]"],
    ],
)  # fmt: skip
def test_the_command_makes_the_same_configuration_again(words: list[str]) -> None:
    run = compose_run(words)
    config = make_identity(run)
    chosen = {
        "method": next(n for n in list_names("methods") if words[0].startswith(f"method={n}")),
        "dataset": "ml-100k" if "dataset=ml-100k" in words else "movietweetings",
        "scenario": "new_user" if "scenario=new_user" in words else "grid",
    }
    record = a_record(**chosen, config=config)
    assert make_identity(compose_run([*list_words(record), "seed=0"])) == config


def test_the_command_repeats_every_seed() -> None:
    command = make_command(the_row(report_board(), "heater"))
    assert command.startswith("coldbench run -m method=heater dataset=planted scenario=grid")
    assert command.endswith("seed=0,1,2")


def test_a_paper_becomes_an_entry() -> None:
    source = find_source("heater")
    entry = make_bibtex("heater", source)
    assert "author = {Zhu and Sefati and Saadatpanah and Caverlee}" in entry
    assert "title = {{Recommendation for New Users and New Items via Randomized Training" in entry
    assert "howpublished = {SIGIR}" in entry and "year = {2020}" in entry
    assert make_bibtex("random", find_source("random")) == ""
    for method in list_names("methods"):
        source = find_source(method)
        entry = make_bibtex(method, source)
        assert bool(entry) == bool(source) and entry.count("{") == entry.count("}"), method


def test_no_text_of_a_record_ends_the_data_or_begins_a_tag(tmp_path: Path) -> None:
    home = write_records(tmp_path, [*report_records(), harmful_record()])
    (board,) = build_boards([*report_records(), harmful_record()])
    content = collect_report([board], home)
    assert HARM in json.dumps(content, ensure_ascii=False)
    page = render_page(content)
    assert unpack_data(page) == json.loads(to_safe_json(content))
    assert not set("<>&") & set(to_safe_json(content))
    assert HARM not in page and render_page(content) == page
    assert page.count("</script>") == 2


def test_the_page_writes_text_as_text_and_loads_nothing() -> None:
    page = render_page({"boards": []})
    script = "\n".join(read_asset(name) for name in SCRIPTS)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(", script
    )
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(|WebSocket|sendBeacon", script)
    assert "default-src 'none'" in page and "unsafe-inline" not in page
    style = read_asset("page.css")
    assert "url(" not in style and "@import" not in style
