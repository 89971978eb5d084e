"""The ladder: each rung less the frozen towers on the same draws, next to its controls and cost."""

from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.overlays import read_experiments
from coldbench.benchmarks.evaluation.spread import Spread
from coldbench.benchmarks.records.record import RunRecord, record_path, write
from coldbench.benchmarks.reports.controls import find_controls, leave_out_controls
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.ladder import (
    build_ladder_grid,
    climb,
    describe_ladder,
)
from coldbench.benchmarks.reports.rung_rows import read_setting
from coldbench.benchmarks.reports.table_grids import format_p, format_spread

from .test_leaderboard import COLD, a_record  # type: ignore[import-not-found]

NAMES = read_experiments()["ladder"].methods
COST = {"fit_seconds": 60.0, "score_seconds": 2.0, "peak_bytes": 1_200_000_000, "parameters": 900}


def rung(
    preset: str | None,
    means: list[float],
    trained: int = 5,
    settings: dict[str, Any] | None = None,
    track: str = "strict",
    **more: Any,
) -> list[RunRecord]:
    """Return draws of the fine-tuned encoder under a preset."""
    method = {"tuning": (preset or "lora").split(" ")[0]} | (settings or {})
    scenario = {} if track == "strict" else {"track": track}
    config = {"method": method, "dataset": {}, "scenario": scenario}
    cost = COST | {"trainable_parameters": trained}
    return [
        a_record("finetuned_encoder", mean, seed=seed, half=0.01, config=config, preset=preset,
                 cost=cost, track=track, **more)
        for seed, mean in enumerate(means)
    ]  # fmt: skip


def records() -> list[RunRecord]:
    """Return frozen towers, one rung that adds .1 in each draw, one that adds nothing."""
    return [
        *rung("frozen_towers", [0.20, 0.22, 0.24, 0.21]),
        *rung(None, [0.301, 0.322, 0.339, 0.311], 20),
        *rung("encoder_bitfit", [0.21, 0.21, 0.25, 0.20], 9),
        *rung("frozen_towers", [0.10, 0.12], dataset="planted.shuffled"),
    ]


def lines(made: list[RunRecord], task: str = COLD) -> list[dict[str, str]]:
    boards = build_boards(made)
    (board,) = (one for one in boards if one.dataset == "planted")
    rungs = climb(board, task, NAMES, find_controls(board, boards))
    grid = build_ladder_grid(rungs, task, board.metric)
    heads = [column.head for column in grid.columns]
    return [dict(zip(heads, [cell.text for cell in row], strict=True)) for row in grid.rows]


def test_each_rung_is_compared_with_the_frozen_towers_in_the_order_of_the_experiment() -> None:
    found = lines(records())
    assert [one["rung"] for one in found] == [
        "frozen_towers",
        "encoder_bitfit",
        "finetuned_encoder",
    ]
    frozen, bitfit, lora = found
    assert (frozen["less frozen"], frozen["p (Holm)"], frozen["ndcg@10"]) == ("", "", "0.2175")
    assert lora["less frozen"].startswith("+.101 ±") and float(lora["p (Holm)"][-6:]) < 0.05
    assert bitfit["less frozen"].startswith("+.000 ±") and bitfit["p (Holm)"] == "1.0000"
    assert (lora["trained weights"], lora["fit"], lora["memory"]) == ("20", "60 s", "1.2 GB")
    assert (lora["1,000 lists"], lora["draws"]) == ("20 s", "4")  # 2 s for 100 users


def test_controls_stand_next_to_their_rung() -> None:
    frozen, bitfit, lora = lines(records())
    assert (bitfit["shuffled"], lora["shuffled"]) == ("", "")
    assert frozen["shuffled"].startswith("0.1100 (2): +.100 ±"), "less 0.20 and 0.22, not 0.2175"


def test_a_control_is_no_dataset_of_its_own_where_datasets_are_compared(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boards = build_boards([*records(), *rung(None, [0.2, 0.3], dataset="b.shuffled")])
    kept = [board.dataset for board in leave_out_controls(boards)]
    assert kept == ["b.shuffled", "planted"], "it stays where what it controls is not"
    for record in records():
        write(record_path(Path("results"), record), record)
    for words, shown in (([], False), (["--dataset", "planted.shuffled"], True)):
        assert cli.main(["leaderboard", "--families", *words]) == 0
        assert ("planted.shuffled" in capsys.readouterr().out.replace("\n", "")) == shown
        assert cli.main(["report", "--out", "page.html", *words]) == 0
        assert "on 1 boards" in capsys.readouterr().out
    assert cli.main(["leaderboard", "--format", "csv"]) == 0
    assert "planted.shuffled" in capsys.readouterr().out, "all leaderboards are all of them"


def test_what_texts_add_is_separated_where_their_control_loses_it_in_every_draw() -> None:
    kept = rung(None, [0.302, 0.320, 0.340, 0.310], 20, dataset="planted.shuffled")
    lost = rung("encoder_bitfit", [0.11, 0.109, 0.151, 0.10], 9, dataset="planted.shuffled")
    boards = build_boards([*records()[:12], *kept, *lost])
    (board,) = (one for one in boards if one.dataset == "planted")
    rungs = climb(board, COLD, NAMES, find_controls(board, boards))
    grid = build_ladder_grid(rungs, COLD, board.metric)
    place = [column.head for column in grid.columns].index("shuffled")
    _, bitfit, lora = (row[place] for row in grid.rows)
    assert bitfit.text.startswith("0.1175 (4): +.100 ±") and bitfit.best
    assert lora.text.startswith("0.3180 (4): +.000 ±") and not lora.best
    assert any(one.startswith("shuffled: the mean") for one in describe_ladder(
        board, COLD, NAMES, rungs))  # fmt: skip
    of_bits, of_lora = (rung.controls["shuffled"].gain for rung in rungs[1:])
    assert of_bits is not None and of_lora is not None
    assert of_bits.p_holm == pytest.approx(2 * of_bits.spread.p_value), "the smaller one of two"
    assert of_lora.p_holm == pytest.approx(of_lora.spread.p_value)


def test_it_says_who_is_ahead_and_what_was_not_run() -> None:
    (board,) = build_boards(rung("frozen_towers", [0.2, 0.22]) + rung(None, [0.3, 0.33]))
    notes = " ".join(describe_ladder(board, COLD, NAMES, climb(board, COLD, NAMES)))
    assert (
        "the best mean difference: finetuned_encoder" in notes
        and "not run: text_popularity, " in notes
    )
    boards = build_boards(records())
    told = describe_ladder(boards[0], COLD, NAMES, climb(boards[0], COLD, NAMES))
    assert any("ahead of frozen_towers, separated: finetuned_encoder;" in one for one in told)
    (other,) = build_boards(rung(None, [0.3, 0.33]))
    assert (
        "nothing to compare with"
        in describe_ladder(other, COLD, NAMES, climb(other, COLD, NAMES))[0]
    )


def test_a_lower_value_is_better_where_it_is_an_error() -> None:
    means = [0.9, 0.8, 0.85, 0.95]
    ahead = rung(None, [one - 0.1 for one in means], metric="rmse")
    (board,) = build_boards([*rung("frozen_towers", means, metric="rmse"), *ahead])
    told = describe_ladder(board, COLD, NAMES, climb(board, COLD, NAMES))
    assert any(
        "separated: finetuned_encoder; the best mean difference: finetuned_encoder" in one
        for one in told
    )


@pytest.mark.parametrize("form", ["table", "md"])
def test_the_command_prints_and_draws_it(
    form: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    for record in records():
        write(record_path(Path("results"), record), record)
    words = ["leaderboard", "--ladder", "--dataset", "planted", "--format", form]
    drawn = []
    for name in ("one.svg", "two.svg"):
        assert cli.main([*words, "--task", COLD, "--diagram", name]) == 0
        assert "0.1100 (2): " in capsys.readouterr().out
        drawn.append(Path(name).read_text())
    assert drawn[0] == drawn[1]
    assert "encoder_bitfit" in drawn[0] and "trained weights of the encoder" in drawn[0]


def test_what_cannot_be_is_said(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for record in records():
        write(record_path(Path("results"), record), record)
    for words, message in (
        (["--format", "csv"], "--ladder has --format table or md"),
        (["--dataset", "planted.shuffled"], "coldbench run +experiment=ladder"),
        (["--diagram", "one.svg"], "--ladder, and one --task"),
        (["--diagram", "one.txt", "--task", COLD], "must end in .svg, .png or .pdf"),
    ):
        assert cli.main(["leaderboard", "--ladder", *words]) == 2
        assert message in capsys.readouterr().err


def test_several_datasets_are_first_shown_in_one_table(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their mean, with the error of a mean of independent means."""
    more = [
        *rung("frozen_towers", [0.10, 0.20, 0.15], dataset="b"),
        *rung(None, [0.11, 0.23, 0.14], 20, dataset="b"),
        *rung("encoder_full", [0.09, 0.21, 0.16], 90, dataset="b"),
    ]
    made = [*records(), *more]
    for record in made:
        write(record_path(Path("results"), record), record)
    assert cli.main(["leaderboard", "--ladder", "--task", COLD, "--format", "md"]) == 0
    page = capsys.readouterr().out.split("###")[1].splitlines()
    lines = [[one.strip() for one in line.split("|")[1:-1]] for line in page if "|" in line]
    assert page[0] == f" grid: ndcg@10 in {COLD}, the rungs less frozen_towers"
    assert lines[0] == ["rung", "b", "planted", "over all", "p (Holm)"], "no control among them"
    frozen, bitfit, lora, full = lines[2:]
    assert frozen == ["frozen_towers", "0.1500", "0.2175", "", ""]
    assert (bitfit[0], bitfit[1], bitfit[3:]) == ("encoder_bitfit", "", ["", ""]), "one dataset"
    assert (full[0], full[2], full[3:]) == ("encoder_full", "", ["", ""])
    one, other = (
        climb(board, COLD, NAMES)[-1 if board.dataset == "planted" else 1].added
        for board in build_boards(made)
        if board.dataset in {"b", "planted"}
    )
    assert one is not None and other is not None
    squares = one.spread.error**2, other.spread.error**2
    freedom = sum(squares) ** 2 / (
        squares[0] ** 2 / one.spread.freedom + squares[1] ** 2 / other.spread.freedom
    )
    pooled = Spread((one.mean + other.mean) / 2, sum(squares) ** 0.5 / 2, freedom)
    assert lora[3] == f"**{format_spread(pooled)} (2)**"
    assert lora[4] == format_p(pooled.p_value) and one.mean == pytest.approx(0.01)


def test_each_track_of_a_dataset_has_a_ladder_of_its_own(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows that read users' words are compared with frozen towers that read them, and named so."""
    read = [
        *rung("frozen_towers", [0.30, 0.32, 0.31], track="open"),
        *rung(None, [0.41, 0.42, 0.40], 20, track="open"),
        *rung("encoder_full", [0.30, 0.33, 0.31], 90, track="open"),
        *rung("frozen_towers", [0.29, 0.29, 0.29], dataset="planted.shuffled", track="open"),
    ]
    for record in [*records(), *read, *rung("frozen_towers", [0.1, 0.2], dataset="b")]:
        write(record_path(Path("results"), record), record)
    assert cli.main(["leaderboard", "--ladder", "--task", COLD, "--format", "md"]) == 0
    strict, opened = capsys.readouterr().out.split("### ")[1:]
    assert strict.startswith(f"grid / planted track=strict: ndcg@10 in {COLD}")
    assert "| frozen_towers | 5 | 0.2175 |  |  | **0.1100 (2): +.100 ±" in strict
    assert "| finetuned_encoder | 20 | 0.3183 | **+.101 ±" in strict
    assert "encoder_bitfit" in strict and "| encoder_full |" not in strict
    assert opened.startswith(f"grid / planted track=open: ndcg@10 in {COLD}")
    assert "| frozen_towers | 5 | 0.3100 |  |  | **0.2900 (3): +.020 ±" in opened
    assert "| finetuned_encoder | 20 | 0.4100 | **+.100 ±" in opened
    assert "| encoder_full |" in opened and "| encoder_bitfit |" not in opened


def test_ladders_of_several_datasets_are_drawn_below_each_other(workplace: Path) -> None:
    pytest.importorskip("matplotlib")
    more = [rung(name, [0.1, 0.2], dataset="b") for name in ("frozen_towers", None, "encoder_full")]
    for record in [*records(), *(one for part in more for one in part)]:
        write(record_path(Path("results"), record), record)
    assert cli.main(["leaderboard", "--ladder", "--task", COLD, "--diagram", "both.svg"]) == 0
    drawn = Path("both.svg").read_text()
    assert "grid / b: " in drawn and "grid / planted: " in drawn
    place = NAMES.index("finetuned_encoder") + 1
    assert drawn.count(f"{place}  finetuned_encoder") == 2, "a rung has one number everywhere"


def longer(preset: str | None, means: list[float], steps: int = 4000) -> list[RunRecord]:
    """Return draws of a rung with another number of steps."""
    typed = f"{preset} max_steps={steps}" if preset else None
    return rung(typed, means, settings={"max_steps": steps})


def shorter(preset: str | None, means: list[float]) -> list[RunRecord]:
    """Return draws of a rung with the steps of its method."""
    return rung(preset, means, settings={"max_steps": 1000})


def test_a_ladder_of_other_settings_is_compared_with_the_frozen_towers_of_these() -> None:
    """And with the same rung at its own; what lacks the setting stands as it is."""
    ridge = a_record(
        "text_ridge",
        0.5,
        preset="text_ridge_vectors",
        config={"method": {}},
        cost=COST | {"trainable_parameters": 9},
    )
    made = [
        ridge,
        *shorter("frozen_towers", [0.20, 0.22, 0.24]),
        *shorter(None, [0.20, 0.21, 0.25]),
        *longer("frozen_towers", [0.301, 0.322, 0.339]),
        *longer(None, [0.312, 0.331, 0.350]),
        *longer("encoder_bitfit", [0.9, 0.9, 0.9], steps=2000),
    ]
    (board,) = build_boards(made)
    rungs = climb(board, COLD, NAMES, changed={"max_steps": 4000})
    assert [one.name for one in rungs] == [
        "text_ridge_vectors",
        "frozen_towers",
        "finetuned_encoder",
    ]
    still, frozen, lora = rungs
    assert lora.added is not None and frozen.changed is not None and lora.changed is not None
    assert lora.added.mean == pytest.approx(fmean([0.011, 0.009, 0.011]))
    assert still.changed is None
    assert frozen.changed.mean == pytest.approx(fmean([0.101, 0.102, 0.099]))
    assert lora.changed.mean == pytest.approx(fmean([0.112, 0.121, 0.100]))
    less, more = sorted((frozen.changed, lora.changed), key=lambda one: one.spread.p_value)
    assert less.p_holm == pytest.approx(2 * less.spread.p_value), "the smaller one of two"
    assert more.p_holm == pytest.approx(max(2 * less.spread.p_value, more.spread.p_value))
    grid = build_ladder_grid(rungs, COLD, board.metric)
    place = [column.head for column in grid.columns].index("less default")
    assert [line[place].text[:5] for line in grid.rows] == ["", "+.101", "+.111"]
    plain = climb(board, COLD, NAMES)
    assert [one.row.cells[COLD].draws for one in plain] == [1, 3, 3]
    assert all(one.changed is None for one in plain)
    assert [one.name for one in climb(board, COLD, NAMES, changed={"max_steps": 2000})] == [
        "text_ridge_vectors",
        "encoder_bitfit",
    ]
    same = climb(board, COLD, NAMES, changed={"max_steps": 1000})
    assert [one.row for one in same] == [one.row for one in plain], "it is their own setting"
    assert all(one.changed is None for one in same)
    (only,) = climb(board, COLD, NAMES, changed={"schedule": "constant"})
    assert only.name == "text_ridge_vectors", "no record holds that field, and none was run so"


@pytest.mark.parametrize(
    ("typed", "held"),
    [
        ("true", True),
        ("null", None),
        ("3e-5", 3e-05),
        ("0", 0.0),
        ("[1,2]", [1, 2]),
        ("a b", "a b"),
    ],
)
def test_a_setting_is_found_as_it_is_typed_and_as_a_preset_has_it(typed: str, held: Any) -> None:
    """A preset names what departs from it in Python's form: ``frozen_towers shared=True``."""
    rest = {"shared": held, "last": 4}
    made = rung(f"frozen_towers shared={held} last=4", [0.3, 0.31], settings=rest)
    (board,) = build_boards(
        [*rung("frozen_towers", [0.2, 0.21], settings={"shared": "not"}), *made]
    )
    changed = {"shared": read_setting(typed), "last": 4}
    (found,) = climb(board, COLD, NAMES, changed=changed)
    assert found.row.cells[COLD].mean == pytest.approx(0.305)


def test_the_command_shows_a_ladder_of_other_settings(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [*shorter("frozen_towers", [0.2, 0.22]), *longer("frozen_towers", [0.3, 0.32])]
    made += [*longer(None, [0.4, 0.42]), *longer("encoder_bitfit", [0.3, 0.31])]
    for record in made:
        write(record_path(Path("results"), record), record)
    pytest.importorskip("matplotlib")
    words = ["leaderboard", "--ladder", "--task", COLD, "--format", "md"]
    assert cli.main([*words, "--with", "max_steps=4000", "--diagram", "longer.svg"]) == 0
    assert f"grid / planted: {COLD}, max_steps=4000" in Path("longer.svg").read_text()
    page = capsys.readouterr().out
    assert cli.main([*words, "--with", "max_steps=1", "--with", "max_steps=4000"]) == 0
    assert capsys.readouterr().out == page, "of a name that is repeated the last counts"
    assert f"in {COLD}, max_steps=4000" in page and "| less default |" in page
    assert "| finetuned_encoder | 5 | 0.4100 | **+.100 ±" in page
    for typed, message in (
        (["--with", "max_steps=9"], "method.max_steps=9 seed=0,1"),
        (["--with", "schedule=constant"], "method.schedule=constant seed=0,1"),
        (["--with", "max_step=9"], "no setting of a rung 'max_step'; did you mean max_steps?"),
        (["--with", "max_steps"], "--with takes NAME=VALUE, as in --with max_steps=4000"),
    ):
        assert cli.main([*words, *typed]) == 2
        assert message in capsys.readouterr().err
    assert cli.main(["leaderboard", "--with", "max_steps=4000"]) == 2
    assert "--with takes --ladder" in capsys.readouterr().err
