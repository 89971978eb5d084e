"""Rows with different draws are ordered by their paired differences, not by their own means."""

import pytest
from coldbench.benchmarks.reports.families import group_by_family
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.levels import compute_levels

from .test_leaderboard import COLD, a_record, the_board  # type: ignore[import-not-found]

EASY, HARD = {"a": 0.5, "b": 0.6}, {"c": 0.1, "d": 0.2}


def test_a_row_with_easy_draws_alone_is_not_ahead_for_that() -> None:
    whole, easy = EASY | HARD, {split: value - 0.02 for split, value in EASY.items()}
    hard = {split: value + 0.05 for split, value in HARD.items()}
    assert compute_levels([whole, easy, hard], False) == pytest.approx([0.35, 0.33, 0.40])


def test_with_equal_draws_a_level_is_the_mean() -> None:
    assert compute_levels([EASY, {"a": 0.1, "b": 0.2}], False) == [0.55, pytest.approx(0.15)]
    assert compute_levels([], False) == []


def test_a_row_that_shares_no_split_keeps_its_mean() -> None:
    assert compute_levels([EASY, {"c": 0.9}], False) == [0.55, 0.9]


def test_the_best_row_is_the_one_to_compare_with() -> None:
    worse = {split: value + 1 for split, value in (EASY | HARD).items()}
    short = {"a": 0.4}
    assert compute_levels([EASY | HARD, worse, short], True)[2] == pytest.approx(0.25)


def test_a_board_and_the_families_follow_it() -> None:
    """The encoder has the two easy draws: the higher mean, and less than ridge on each of them."""
    by_seed = [0.5, 0.6, 0.1, 0.2]
    ridge = [
        a_record("ridge", mean, seed=seed, half=0.01, family="content")
        for seed, mean in enumerate(by_seed)
    ]
    encoder = [
        a_record("encoder", by_seed[seed] - 0.02, seed=seed, half=0.01, family="language_model")
        for seed in (0, 1)
    ]
    board = the_board(*ridge, *encoder)
    assert [row.label for _, row, _ in board.ranking(COLD)] == ["ridge", "encoder"]
    (row,) = group_by_family(build_boards([*ridge, *encoder]), None).rows
    assert any("encoder 0.5300" in cell.text for cell in row)
    assert any(cell.text.endswith(" (-.020, 2 draws)") for cell in row)
