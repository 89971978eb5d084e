"""Another suite's methods beside ours: paired over the splits that both have."""

from pathlib import Path

import pytest
from coldbench.benchmarks.bench.rivals.command import Line, write_lines
from coldbench.benchmarks.bench.rivals.compare import compare_lines, main, render_pairs

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
