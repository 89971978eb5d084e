"""Average ranks over datasets and the region of practical equivalence, against closed forms."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.record import RunRecord, record_path, write
from coldbench.benchmarks.reports.across import (
    Ranks,
    compare_practically,
    rank_across,
    rank_values,
)
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.rank_diagram import _find_p_values
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from .test_leaderboard import COLD, drawn  # type: ignore[import-not-found]


def test_ranks_are_friedmans_and_the_difference_is_nemenyis() -> None:
    values = np.random.default_rng(0).random((14, 4))
    ranks, p, critical = rank_values(values)
    assert ranks == pytest.approx(stats.rankdata(-values, axis=1).mean(axis=0))
    assert p == pytest.approx(stats.friedmanchisquare(*values.T).pvalue)
    # Demsar 2006, table 5: q = 2.569 for four rows; section 3.2.2: CD = 1.25 on 14 datasets.
    assert critical == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), abs=2e-3)
    assert rank_values(np.ones((5, 3)))[1] == 1.0


@given(st.lists(st.floats(-0.1, 0.1), min_size=3, max_size=10), st.floats(0.001, 0.05))
def test_the_three_probabilities_are_one_and_turn_with_the_sign(
    differences: list[float], region: float
) -> None:
    below, within, above = compare_practically(differences, 0.125, region)
    assert below + within + above == pytest.approx(1.0)
    turned = compare_practically([-one for one in differences], 0.125, region)
    assert turned == pytest.approx((above, within, below), abs=1e-6)


def test_the_posterior_is_a_shifted_t() -> None:
    x = np.array([0.01, 0.02, 0.0, 0.015])
    scale = np.sqrt((1 / 4 + 0.125) * x.var(ddof=1))
    posterior = stats.t(3, x.mean(), scale)
    found = compare_practically(list(x), 0.125)
    assert found == pytest.approx(
        (posterior.cdf(-0.005), posterior.cdf(0.005) - posterior.cdf(-0.005), posterior.sf(0.005))
    )


def records() -> list[RunRecord]:
    means = {"a": (0.5, 0.6, 0.7), "b": (0.4, 0.65, 0.6), "c": (0.1, 0.2, 0.1)}
    return [
        one
        for name, by_dataset in means.items()
        for at, mean in enumerate(by_dataset)
        for one in drawn(name, mean, dataset=f"d{at}")
    ] + drawn("alone", 0.9, dataset="d0")


def test_methods_of_every_dataset_are_ranked() -> None:
    found = rank_across(build_boards(records()), COLD)
    assert found is not None and found.labels == ["a", "b", "c"]
    assert found.ranks == pytest.approx([4 / 3, 5 / 3, 3.0])
    assert rank_across(build_boards(records(), dataset="d0"), COLD) is None


def test_the_command_prints_it(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for one in records():
        write(record_path(Path("results"), one), one)
    assert cli.main(["leaderboard", "--across", "--format", "md"]) == 0
    out = capsys.readouterr().out
    assert "3 methods on 3 datasets (d0, d1, d2)" in out and "| a | 1.33 |" in out
    assert cli.main(["leaderboard", "--across", "--dataset", "d2,d0,d1"]) == 0
    assert "3 methods on 3 datasets (d0, d1, d2)" in capsys.readouterr().out
    assert cli.main(["leaderboard", "--across", "--dataset", "d0,d1"]) == 2
    assert "--across needs a task with three rows" in capsys.readouterr().err


def test_a_diagram_shows_the_ranks_and_repeats(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for one in records():
        write(record_path(Path("results"), one), one)
    words = ["leaderboard", "--across", "--task", COLD, "--diagram"]
    assert cli.main([*words, "one.svg"]) == cli.main([*words, "two.svg"]) == 0
    drawn_twice = [Path(name).read_bytes() for name in ("one.svg", "two.svg")]
    assert drawn_twice[0] == drawn_twice[1]
    text = drawn_twice[0].decode()
    assert all(shown in text for shown in (">a (1.3)<", ">b (1.7)<", ">(3) c<"))
    assert "critical difference 1.91" in text
    # The points of a bar over rows that are not separated have one order in every process.
    paths = re.findall(r'd="M ([^"]*)" clip-path', text)
    points = [[tuple(map(float, one.split())) for one in path.split("L")] for path in paths]
    bars = [one for one in points if len(one) > 2 and len({y for _, y in one}) == 1]
    assert bars and all(one == sorted(one) for one in bars)
    assert cli.main([*words, "one.txt"]) == 2
    assert "--diagram one.txt must end in .svg, .png or .pdf" in capsys.readouterr().err
    assert cli.main(["leaderboard", "--diagram", "one.svg"]) == 2
    assert "--diagram takes --across or --ladder, and one --task" in capsys.readouterr().err


def test_the_bars_join_what_nemenyi_does_not_separate() -> None:
    found = Ranks("t", ["x"] * 14, ["a", "b", "c"], [1.0, 1.5, 3.0], 0.01, 0.886)
    p_values = np.array(_find_p_values(found))
    assert np.diag(p_values) == pytest.approx(1.0)
    assert p_values[0, 1] > 0.05 > p_values[0, 2] and p_values[1, 2] < 0.05
    at_critical = _find_p_values(replace(found, ranks=[1.0, 1.0 + found.critical, 3.0]))
    assert at_critical[0][1] == pytest.approx(0.05, abs=1e-3)


def test_the_region_is_a_choice(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for one in records():
        write(record_path(Path("results"), one), one)
    assert cli.main(["leaderboard", "--across", "--region", "0.9", "--format", "md"]) == 0
    out = capsys.readouterr().out
    assert "practically equal (within 0.9)" in out and "| 0.00 | 1.00 | 0.00 |" in out
    assert cli.main(["leaderboard", "--across", "--region", "0"]) == 2
    assert "--region 0.0 must be a positive number" in capsys.readouterr().err
