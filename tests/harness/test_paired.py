"""Rows next to the best one on the same users, from the per-user tables next to the records."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.cli.chosen_boards import read_records
from coldbench.benchmarks.evaluation.comparison import PerUser, compare
from coldbench.benchmarks.records.per_user_tables import users_path
from coldbench.benchmarks.records.record import record_path, write
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.paired import Paired, compare_with_best

from .test_leaderboard import COLD, WARM, a_record  # type: ignore[import-not-found]

HOME = Path("results")


def kept(method: str, seed: int, values: np.ndarray, metric: str = "ndcg@10") -> None:
    """Write a record and its table; users stand in an order of their own."""
    mean, half = float(np.nanmean(values)), 1.96 * np.nanstd(values) / len(values) ** 0.5
    record = a_record(method, mean, half=half, seed=seed, metric=metric)
    path = record_path(HOME, record)
    write(path, record)
    order = np.random.default_rng(len(method)).permutation(len(values))
    users = np.array([f"u{at}" for at in range(len(values))])
    columns = {"task": [COLD] * len(values), "user": users[order], metric: values[order]}
    other = {"task": [WARM], "user": ["u0"], metric: [0.123]}
    tables = [pl.DataFrame(one, nan_to_null=True) for one in (columns, other)]
    pl.concat(tables).write_parquet(users_path(path))


@pytest.fixture
def figures(workplace: Path) -> dict[str, list[np.ndarray]]:
    """Three methods with two seeds: the best, one surely behind, one behind in the mean only."""
    rng = np.random.default_rng(0)
    made: dict[str, list[np.ndarray]] = {"best": [], "behind": [], "near": []}
    for seed in (0, 1):
        base = rng.random(200)
        made["best"].append(base)
        made["behind"].append(base - 0.1 + rng.normal(0, 0.05, 200))
        made["near"].append(base + (-0.05 if seed else 0.0) + rng.normal(0, 0.05, 200))
    made["best"][0][3] = np.nan
    for method, seeds in made.items():
        for seed, values in enumerate(seeds):
            kept(method, seed, values)
    return made


def found(metric: str = "ndcg@10") -> tuple[dict[str, Paired], list[str]]:
    (board,) = build_boards(read_records(HOME), metric=metric)
    best, rows, lacking = compare_with_best(board, COLD, HOME)
    assert best == "best"
    return {one.label: one for one in rows}, lacking


def test_rows_meet_the_best_on_the_same_users_in_every_seed(
    figures: dict[str, list[np.ndarray]],
) -> None:
    rows, lacking = found()
    assert lacking == [] and set(rows) == {"behind", "near"}
    behind, near = rows["behind"], rows["near"]
    means = {name: [np.nanmean(one) for one in seeds] for name, seeds in figures.items()}
    expected = np.subtract(means["behind"], means["best"])
    assert behind.difference.mean == pytest.approx(np.mean(expected))
    assert behind.significant and behind.draws == 2 and behind.wins > behind.losses
    assert behind.wins + behind.losses == 399, "the undefined user is in neither"
    assert near.difference.mean < 0 and near.difference.half > 0.025 and not near.significant, (
        "equal in one of the seeds"
    )


def noise(seed: int, users: int = 600, items: int = 120) -> dict[str, np.ndarray]:
    """Static random orders of a skewed catalogue: what they gain is luck, for all users at once."""
    rng = np.random.default_rng(seed)
    shares = np.arange(1, items + 1) ** -1.5
    wanted = rng.choice(items, size=users, p=shares / shares.sum())
    ranks = {f"noise{at}": rng.permutation(items)[wanted] for at in range(22)}
    return {name: np.where(at < 30, 1.0 / np.log2(at + 2), 0.0) for name, at in ranks.items()}


def test_pure_noise_is_not_sure(workplace: Path) -> None:
    """Users of one draw find most rows different; which is ahead changes with the draw."""
    for seed in range(3):
        for name, values in noise(seed).items():
            kept(name, seed, values)
    (board,) = build_boards(read_records(HOME))
    _, rows, _ = compare_with_best(board, COLD, HOME)
    by_users = [one for one in rows if one.p_wilcoxon < 0.05]
    assert len(by_users) > 5, "the users alone take luck for skill"
    assert [one.label for one in rows if one.significant] == []


def test_a_row_that_is_ahead_in_one_seed_is_not_sure(workplace: Path) -> None:
    rng = np.random.default_rng(0)
    for seed in range(4):
        base = rng.random(200)
        kept("best", seed, base)
        kept("other", seed, base - (0.5 if seed else -0.1) + rng.normal(0, 0.01, 200))
    row = found()[0]["other"]
    assert row.p_wilcoxon < 0.05 and row.difference.mean < 0
    assert (row.losing_draws, row.draws) == (3, 4) and not row.significant


def test_a_single_draw_is_not_sure(figures: dict[str, list[np.ndarray]]) -> None:
    for record in read_records(HOME):
        if record.seed:
            record_path(HOME, record).unlink()
    rows, _ = found()
    assert rows["behind"].draws == 1 and not rows["behind"].significant


def test_p_values_are_corrected_over_the_rows_of_a_seed(
    figures: dict[str, list[np.ndarray]],
) -> None:
    rows, _ = found()
    users = np.arange(200, dtype=np.int32)
    worst = dict.fromkeys(("behind", "near"), 0.0)
    for seed in (0, 1):
        one = {name: PerUser(users, seeds[seed]) for name, seeds in figures.items()}
        for row in compare(one, baseline="best"):
            worst[row.first] = max(worst[row.first], row.holm_wilcoxon)
    assert {name: row.p_wilcoxon for name, row in rows.items()} == pytest.approx(worst)


def test_of_an_error_the_lowest_is_best(workplace: Path) -> None:
    base = np.random.default_rng(0).random(100)
    for seed in (0, 1):
        kept("best", seed, base, "rmse")
        kept("worse", seed, base + 0.2, "rmse")
    rows, _ = found("rmse")
    row = rows["worse"]
    assert row.difference.mean == pytest.approx(0.2)
    assert (row.wins, row.losses) == (200, 0) and row.significant


def test_a_row_without_a_table_is_named(
    figures: dict[str, list[np.ndarray]], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in HOME.glob("*/*/near/*.users.parquet"):
        path.unlink()
    rows, lacking = found()
    assert lacking == ["near"] and set(rows) == {"behind"}
    for path in HOME.glob("*/*/best/*.users.parquet"):
        path.unlink()
    assert cli.main(["leaderboard", "--task", COLD, "--paired"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "no per-user table (run with force=true): best" in said and "near" in said


def test_a_row_without_a_seed_in_common_is_named(figures: dict[str, list[np.ndarray]]) -> None:
    for method, gone in (("best", 0), ("near", 1)):
        (path,) = [
            users_path(record_path(HOME, one))
            for one in read_records(HOME)
            if (one.method, one.seed) == (method, gone)
        ]
        path.unlink()
    rows, lacking = found()
    assert lacking == ["near"] and set(rows) == {"behind"} and rows["behind"].draws == 1


def test_pages_of_several_boards_stand_apart(
    figures: dict[str, list[np.ndarray]], capsys: pytest.CaptureFixture[str]
) -> None:
    other = a_record("best", 0.5, dataset="elsewhere")
    write(record_path(HOME, other), other)
    assert cli.main(["leaderboard", "--task", COLD, "--paired", "--format", "md"]) == 0
    said = capsys.readouterr().out
    assert said.count("### ") == 2 and said.count("\n\n### ") == 1
    assert "- no per-user table (run with force=true): best\n" in said


@pytest.mark.parametrize("form", ["table", "md"])
def test_the_command_prints_it(
    form: str, figures: dict[str, list[np.ndarray]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["leaderboard", "--task", COLD, "--paired", "--format", form]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("behind" in line and "yes" in line and "<0.0001" in line for line in lines)
    assert any("near" in line and "no" in line for line in lines)


@pytest.mark.parametrize("words", [[], ["--task", "all"], ["--task", COLD, "--format", "csv"]])
def test_it_takes_one_task(
    words: list[str], figures: dict[str, list[np.ndarray]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["leaderboard", "--paired", *words]) == 2
    assert "--paired takes one --task" in capsys.readouterr().err
