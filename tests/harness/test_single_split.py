"""On one split two rows are compared over its users and items, from the tables of their runs."""

from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.cli.chosen_boards import read_records
from coldbench.benchmarks.evaluation.spread import spread_over_users_and_items
from coldbench.benchmarks.records.stored_values import ItemValues, UserValues
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.single_split import (
    make_pair_in,
    subtract_items,
    subtract_users,
)


def test_users_and_items_are_matched_by_their_ids() -> None:
    first = UserValues(np.array(["a", "b", "c"]), np.array([0.1, 0.2, 0.3]))
    second = UserValues(np.array(["b", "c", "d"]), np.array([0.5, 0.1, 0.9]))
    assert subtract_users(first, second) == pytest.approx([-0.3, 0.2])
    alike = UserValues(np.array(["a", "b", "c"]), np.array([0.2, 0.2, 0.2]))
    assert subtract_users(first, alike) == pytest.approx([-0.1, 0.0, 0.1])
    items = np.array(["x", "y"])
    one = ItemValues(items, np.array([4.0, 0.0]), np.array([8, 2]))
    other = ItemValues(items, np.array([0.0, 1.0]), np.array([8, 2]))
    moved = subtract_items(one, other, 10)
    assert moved == pytest.approx([(4 - 0.3 * 8) / 10, (-1 - 0.3 * 2) / 10])
    assert subtract_items(other, one, 10) == pytest.approx(-moved)


def test_luck_on_one_item_separates_users_but_not_rows() -> None:
    rng = np.random.default_rng(0)
    lucky = np.where(rng.random(400) < 0.3, 0.2, 0.0)  # one item that many users want was listed
    plain = np.zeros(400)
    users = spread_over_users_and_items(lucky - plain, np.zeros(0))
    items = [f"i{at}" for at in range(50)]
    wanted = np.full(50, 8)
    wanted[0] = int((lucky > 0).sum())
    sums = np.zeros(50)
    sums[0] = lucky.sum()
    one = ItemValues(np.array(items), sums, wanted)
    other = ItemValues(np.array(items), np.zeros(50), wanted)
    both = spread_over_users_and_items(lucky - plain, subtract_items(one, other, 400))
    assert users.p_value < 1e-6 and both.p_value > 0.1


def test_the_tables_of_runs_are_read(workplace: Path, words: list[str]) -> None:
    task = "new_item/cold/k=0"
    for method in ("content_knn", "profile_centroid"):
        assert cli.main(["run", f"method={method}", "scenario=new_item", *words]) == 0
    home = Path("results")
    (board,) = build_boards(read_records(home), pair_in=make_pair_in(home))
    (alone,) = build_boards(read_records(home))
    for row, other in zip(board.rows, alone.rows, strict=True):
        found, plain = board.difference(row, task), alone.difference(other, task)
        assert (found is None) == (plain is None)
        if found is not None and plain is not None:
            assert found.paired and not plain.paired
            assert found.mean == pytest.approx(plain.mean, abs=2e-3)
            assert found.half < plain.half, "alike rows share what moves them"
