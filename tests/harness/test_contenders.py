"""Who can win: rows that know something, one setting of a method, and never without their flag."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.plugins.registry import find, list_offers
from coldbench.benchmarks.records.record import RunRecord, record_path, write
from coldbench.benchmarks.reports.board import Board
from coldbench.benchmarks.reports.captions import list_notes_below
from coldbench.benchmarks.reports.contenders import GROUPS
from coldbench.benchmarks.reports.render import render_csv, render_markdown
from coldbench.datasets.sources.films.movietweetings import MovieTweetings

from .test_leaderboard import COLD, WARM, drawn, the_board  # type: ignore[import-not-found]

NEAR = 0.01


def rows(method: str, mean: float, **more: Any) -> list[RunRecord]:
    return drawn(method, mean, half=NEAR, **more)


def setting(method: str, mean: float, validation: float | None, **fields: Any) -> list[RunRecord]:
    known = {} if validation is None else {"groups": {"new_item": validation}}
    return rows(method, mean, validation=known,
                config={"method": fields, "dataset": {}, "scenario": {}})  # fmt: skip


def winners(board: Board) -> list[str]:
    return [row.label for row in board.winners(COLD)]


def marked(board: Board) -> list[str]:
    return [row.label for row in board.rows if board.beats_baselines(row, COLD)]


def notes(board: Board) -> str:
    return "\n".join(list_notes_below(board, None))


def test_a_row_that_knows_nothing_is_no_hurdle_and_no_contender() -> None:
    blind = {"uninformed": {COLD: 1.0}}
    board = the_board(
        *rows("luck", 0.6, **blind), *rows("straw", 0.55, reference=True, **blind),
        *rows("simple", 0.3, reference=True), *rows("clever", 0.5), *rows("dull", 0.2),
    )  # fmt: skip
    assert winners(board) == ["clever"] and marked(board) == ["clever"]
    assert [(rank, row.label) for rank, row, _ in board.ranking(COLD)][:2] == [
        (1, "luck"), (2, "straw"),
    ]  # fmt: skip
    assert (
        f"all candidates tied in {COLD}: luck, straw; they know nothing of it, and are no hurdle "
        "and no contender there"
    ) in notes(board)
    line = list_notes_below(board, COLD)[0]
    assert "winner clever" in line and "best baseline simple, 0.3000 (-.200 ±" in line
    table = list(csv.DictReader(io.StringIO(render_csv([board], None))))
    held = {row["label"]: (row["not_contending"], row["p_holm"] != "") for row in table}
    assert held == {
        "luck": ("all candidates tied", False), "straw": ("all candidates tied", False),
        "simple": ("", True), "clever": ("", False), "dull": ("", True),
    }  # fmt: skip


def test_a_row_that_knows_something_of_few_users_contends() -> None:
    board = the_board(*rows("few", 0.6, uninformed={COLD: 0.9}), *rows("other", 0.5))
    assert winners(board) == ["few"]


def test_where_no_baseline_knows_anything_nobody_is_above_them() -> None:
    board = the_board(
        *rows("straw", 0.1, reference=True, uninformed={COLD: 1.0}), *rows("clever", 0.5)
    )
    assert winners(board) == ["clever"] and marked(board) == []
    nobody = the_board(*rows("straw", 0.1, uninformed={COLD: 1.0}))
    assert winners(nobody) == []
    assert f"{COLD}: no winner: no row knows anything of it" in notes(nobody)


def test_alone_a_row_wins_beyond_chance_only() -> None:
    blind = rows("straw", 0.1, uninformed={COLD: 1.0})
    below, above = ({COLD: {"ndcg@10": level}} for level in (0.3, 0.51))
    assert winners(the_board(*blind, *rows("clever", 0.5, chance=below))) == ["clever"]
    board = the_board(*blind, *rows("clever", 0.5, chance=above))
    assert winners(board) == []
    assert "no winner: the best interval holds the chance level" in notes(board)


def test_the_best_test_value_among_settings_does_not_win() -> None:
    board = the_board(
        *setting("m", 0.6, 0.1, size=1), *setting("m", 0.5, 0.3, size=2),
        *setting("m", 0.2, 0.2, size=3), *rows("other", 0.4),
    )  # fmt: skip
    assert winners(board) == ["m size=2"]
    assert (
        f"settings of m: m size=2 in {COLD}, chosen by validation; the others cannot win"
    ) in notes(board)
    (line,) = [one for one in render_markdown(board, COLD).splitlines() if "m size=1" in one]
    assert "validation chose another setting" in line and "+.100" in line
    assert [row.label for row in board.standing(COLD).contenders] == ["m size=2", "other"]


def test_each_group_of_tasks_has_its_own_choice() -> None:
    def both(size: int, item: float, warm: float, *means: float) -> list[RunRecord]:
        known = {"groups": {"new_item": item, "warm": warm}}
        records = setting("m", means[0], None, size=size)
        figure = dict(records[0].scores[COLD])
        return [
            one.model_copy(update={"validation": known, "scores": one.scores | {WARM: figure}})
            for one in records
        ]

    board = the_board(*both(1, 0.3, 0.1, 0.5), *both(2, 0.2, 0.2, 0.4))
    chosen = {t: [row.label for row in board.standing(t).contenders] for t in (COLD, WARM)}
    assert chosen == {COLD: ["m size=1"], WARM: ["m size=2"]}
    assert f"settings of m: m size=1 in {COLD}; m size=2 in {WARM}, chosen" in notes(board)


def test_validation_is_compared_on_the_draws_that_all_settings_have() -> None:
    lucky, steady = setting("m", 0.5, 0.0, size=1), setting("m", 0.4, 0.3, size=2)
    groups = {"groups": {"new_item": 0.2}}
    lucky[0] = lucky[0].model_copy(update={"validation": groups})
    lucky[1] = lucky[1].model_copy(update={"validation": {"groups": {"new_item": 0.9}}})
    assert winners(the_board(*lucky, *steady)) == ["m size=1"]
    assert winners(the_board(*lucky, steady[0])) == []
    contenders = the_board(*lucky, steady[0]).standing(COLD).contenders
    assert [row.label for row in contenders] == ["m size=2"], "0.3 against 0.2 on the shared one"


def test_without_validation_the_default_setting_contends() -> None:
    board = the_board(
        *setting("item_knn", 0.6, None, neighbours=3),
        *setting("item_knn", 0.5, 0.2, neighbours=100), *rows("other", 0.4),
    )  # fmt: skip
    assert [row.label for row in board.standing(COLD).contenders] == [
        "item_knn neighbours=100", "other",
    ]  # fmt: skip
    assert winners(board) == ["item_knn neighbours=100"]
    assert "the default: no validation chose; the others cannot win" in notes(board)
    unknown = the_board(*setting("m", 0.6, None, size=1), *setting("m", 0.5, None, size=2))
    assert winners(unknown) == [] and "settings of m: none in" in notes(unknown)
    assert winners(the_board(*setting("m", 0.6, None, size=1), *rows("other", 0.4))) == ["m"]


def test_what_was_seen_is_no_setting() -> None:
    board = the_board(*rows("m", 0.5), *rows("m", 0.6, track="open"), *rows("other", 0.3))
    assert winners(board) == ["m track=open"]
    assert len(board.standing(COLD).contenders) == 3


def test_a_tuned_row_stands_next_to_the_default_one() -> None:
    tuning = {"trials": 30, "minutes": 20, "group": "new_item", "study_sha256": "a" * 64}
    tuned = [one.model_copy(update={"tuning": tuning}) for one in setting("m", 0.5, 0.3, size=2)]
    board = the_board(*setting("m", 0.4, 0.2, size=1), *tuned)
    assert {row.label: row.marks for row in board.rows} == {
        "m size=1": "", "m size=2": "tuned, 30 trials",
    }  # fmt: skip


def test_a_search_that_found_the_defaults_is_a_row_of_its_own() -> None:
    tuning = {"trials": 30, "minutes": 20, "group": "mean", "study_sha256": "a" * 64}
    named = {"tuning": tuning, "preset": "m tuned"}
    tuned = [one.model_copy(update=named) for one in setting("m", 0.5, 0.3, size=1)]
    board = the_board(*setting("m", 0.5, 0.3, size=1), *tuned, *rows("other", 0.2))
    assert [(row.label, len(row.records)) for row in board.rows] == [
        ("m", 2), ("m tuned", 2), ("other", 2),
    ]  # fmt: skip
    assert winners(board) == ["m"]


def flagged(method: str, mean: float, *sentences: str) -> list[RunRecord]:
    return rows(method, mean, training={"training": {"adequacy": {"flags": list(sentences)}}})


@pytest.mark.parametrize("mean", [0.5, 0.1])
def test_a_flagged_row_neither_wins_nor_loses_without_its_flag(mean: float) -> None:
    cap = "stopped at the cap of 4 epochs"
    board = the_board(*flagged("net", mean, cap), *rows("simple", 0.3, reference=True))
    for text in (render_markdown(board, None), render_markdown(board, COLD)):
        shown = text.replace("‡ net, seeds 0, 1", "")
        assert "net ‡" in shown and "net" not in shown.replace("net ‡", "")
        assert f"‡ net, seeds 0, 1: {cap}" in text and "read its rank with this in mind" in text
    assert "training flagged" in render_csv([board], None)
    assert "‡" not in notes(the_board(*rows("net", mean), *rows("simple", 0.3)))


def test_a_flag_of_one_seed_marks_the_row(workplace: Path) -> None:
    first, second = flagged("net", 0.5, "still rising")
    board = the_board(first, second.model_copy(update={"training": {}}), *rows("other", 0.4))
    assert "‡ net, seed 0: still rising" in notes(board)
    assert "winner net ‡" in notes(board)


def test_the_chance_level_stands_on_every_board(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    level = {COLD: {"ndcg@10": 0.0227, "recall@20": 0.08}}
    records = [*rows("a", 0.5, chance=level), *rows("b", 0.3, reference=True, chance=level)]
    board = the_board(*records)
    assert board.chance(COLD) == pytest.approx(0.0227) and board.chance(WARM) is None
    assert "| chance level |  |  |  | 0.0227 |  |" in render_markdown(board, None)
    line = list_notes_below(board, COLD)[0]
    assert line.endswith("best baseline b, 0.3000 (-.200 ±.013); chance level 0.0227")
    for one in records:
        write(record_path(Path("results"), one), one)
    assert cli.main(["leaderboard"]) == 0
    assert "chance level" in capsys.readouterr().out


def test_every_scenario_of_ours_says_whose_validation_chooses() -> None:
    """By the side that is new among what its tasks ask, as the validation groups them."""
    data = MovieTweetings().load()
    offers = list_offers("scenarios").items()
    for name in [name for name, one in offers if one.distribution == "coldbench"]:
        scenario = find("scenarios", name)()
        if name == "transfer":  # its source is another dataset
            scenario.source = "planted"
        for task, holdout in scenario.split(data, 0).validation.items():
            group = GROUPS.get(task.split("/")[0], "its own")
            assert group == ("its own" if name == "click_through" else holdout.query.group), (
                name,
                task,
            )


def test_a_task_without_a_group_is_chosen_by_its_own_validation() -> None:
    def run(size: int, value: float, mean: float) -> RunRecord:
        (record,) = setting("m", mean, None, size=size)[:1]
        figure = {"click_through/all/k=0": record.scores[COLD]}
        known = {"tasks": dict.fromkeys(figure, value), "groups": {"warm": value}}
        return record.model_copy(update={"scores": figure, "validation": known})

    board = the_board(run(1, 0.3, 0.5), run(2, 0.4, 0.4))
    standing = board.standing("click_through/all/k=0")
    assert [row.label for row in standing.contenders] == ["m size=2"]
