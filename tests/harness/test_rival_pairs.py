"""Another suite's methods beside ours: paired over the splits that both have."""

from pathlib import Path

import pytest
from coldbench.benchmarks.bench.rivals.command import Line, write_lines
from coldbench.benchmarks.bench.rivals.compare import (
    compare_arms,
    compare_lines,
    main,
    render_pairs,
)

from .report_records import write_records  # type: ignore[import-not-found]
from .test_leaderboard import COLD, a_record  # type: ignore[import-not-found]


def theirs(*methods: str) -> list[Line]:
    return [
        Line("d", seed, f"{seed:064x}", method, "", COLD, 0.2 + 0.01 * seed, 1.0, "c")
        for method in methods
        for seed in range(6)
    ]


def test_pairs_are_those_of_the_shared_splits() -> None:
    """One method is about 0.1 above theirs on every split, the other now above, now below."""
    above = {"heater": [0.1, 0.11, 0.1, 0.12, 0.1], "clcrec": [0.1, -0.1, 0.12, -0.1, 0.0]}
    ours = [
        a_record(name, 0.2 + 0.01 * seed + by, seed=seed)
        for name, found in above.items()
        for seed, by in enumerate(found)
    ]
    ours.append(a_record("heater", 0.9, seed=5, preset="heater_paper"))
    heater, clcrec = compare_lines(theirs("Heater", "CLCRec"), ours)
    assert (heater.difference.draws, heater.verdict) == (5, "ours is better"), (
        "no preset, no sixth split"
    )
    assert heater.difference.mean == pytest.approx(0.106) and heater.theirs == pytest.approx(0.22)
    assert (clcrec.difference.draws, clcrec.verdict) == (5, "not separated")
    assert "| Heater | default | 5 | 0.2200 | 0.3260 |" in render_pairs([heater])


def test_worse_is_said_too() -> None:
    ours = [a_record("heater", 0.05 + 0.01 * seed, seed=seed) for seed in range(6)]
    (pair,) = compare_lines(theirs("Heater"), ours)
    assert pair.verdict == "theirs is better" and pair.difference.p_holm < 0.05


def test_nothing_to_compare_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "table.csv"
    write_lines(table, theirs("Heater"))
    assert main(["--table", str(table), "--results", str(tmp_path)]) == 2
    assert f"no split of {table} is in the records of" in capsys.readouterr().err


def test_an_arm_of_ours_is_compared_on_its_splits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = [a_record("heater", 0.2, seed=seed) for seed in range(4)]
    arms = [
        Line("d", seed, f"{seed:064x}", "Heater", arm, COLD, 0.2 + 0.01 * seed + by, 1.0, "c")
        for arm, by in (("hidden [200]", 0.1), ("factors of BPR", -0.1))
        for seed in range(3)
    ]
    wider, bpr = compare_arms(theirs("Heater"), arms, ours)
    assert (wider.method, wider.difference.draws) == ("Heater, hidden [200]", 3)
    assert wider.difference.mean == pytest.approx(0.1) and bpr.difference.mean < 0
    table, other = tmp_path / "table.csv", tmp_path / "arms.csv"
    write_lines(table, theirs("Heater"))
    write_lines(other, arms)
    write_records(tmp_path / "results", ours)
    words = ["--table", str(table), "--arms", str(other), "--results", str(tmp_path / "results")]
    assert main(words) == 0
    assert "| Heater, hidden [200] | default | 3 |" in capsys.readouterr().out
