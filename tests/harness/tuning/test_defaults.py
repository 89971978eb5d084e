"""The search for defaults that hold on several datasets."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.defaults.choice import choose_setting
from coldbench.benchmarks.defaults.clock import SearchClock
from coldbench.benchmarks.defaults.command import main
from coldbench.benchmarks.defaults.jobs import Place, make_sources
from coldbench.benchmarks.tuning.fit_trial import TrialResult

FOUR = ["--datasets", "tiny", "tiny_b", "tiny_c", "tiny_d"]


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def without_seconds(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{name: one for name, one in row.items() if name != "seconds"} for row in rows]


def test_the_choice_holds_on_every_dataset() -> None:
    """Setting 1 is the best nowhere, and never far from it."""
    values = {"a": [0.10, 0.19, 0.20], "b": [0.50, 0.48, 0.10]}
    places = [Place(name, "grid", 0) for name in values]
    results = {
        (number, place): TrialResult("complete", {"new_item": values[place.dataset][number]})
        for place in places
        for number in range(3)
    }
    choice = choose_setting([{"x": n} for n in range(3)], places, results, "mean")
    assert choice.chosen == 1
    np.testing.assert_allclose(choice.mean_regrets, [0.25, (0.05 + 0.04) / 2, 0.4])


def test_a_setting_that_failed_somewhere_is_not_chosen() -> None:
    places = [Place("a", "grid", 0), Place("a", "grid", 1), Place("b", "grid", 0)]
    ok = {
        (n, p): TrialResult("complete", {"new_item": 0.1 * (n + 1)}) for n in (0, 1) for p in places
    }
    ok[1, places[1]] = TrialResult("failed", reason="too slow")
    choice = choose_setting([{"x": 0}, {"x": 1}], places, ok, "mean")
    assert choice.chosen == 0 and np.isnan(choice.mean_regrets[1])


def test_a_dataset_that_no_setting_can_do_is_left_out() -> None:
    places = [Place("a", "grid", 0), Place("b", "grid", 0)]
    found = {(0, places[0]): TrialResult("complete", {"new_item": 0.1})}
    choice = choose_setting([{"x": 0}], places, found, "mean")
    assert (choice.datasets, choice.chosen) == (["a"], 0)
    assert choose_setting([{"x": 0}], places, {}, "mean").chosen is None


def test_each_search_has_its_share_of_what_is_left() -> None:
    now = [0.0]
    clock = SearchClock(90, lambda: now[0])
    clock.begin_turn(2)
    assert clock.turn_left() == 30
    now[0] = 10.0  # the first one was done early
    clock.begin_turn(1)
    assert (clock.turn_left(), clock.left()) == (40, 80)


def test_defaults_are_chosen_and_the_search_goes_on(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The planted optimum is far from the default; a second call repeats no trial."""
    out = workplace / "defaults"
    words = ["hill", *FOUR, "--trials", "12", "--workers", "2", "--out", str(out)]
    assert main(words) == 0
    told = capsys.readouterr().out
    table = read_table(out / "hill.csv")
    chosen = [row for row in table if row["chosen"] == "yes"]
    assert len(table) == 12 and len(chosen) == 1
    assert (table[0]["place"], table[0]["blur"]) == ("0.1", "4")
    assert float(chosen[0]["mean_regret"]) < float(table[0]["mean_regret"])
    assert abs(float(chosen[0]["place"]) - 0.7) < 0.3
    assert f"method.place={chosen[0]['place']}" in told and "12 of 12 settings" in told
    log = (out / "hill.trials.jsonl").read_text()
    assert len(log.splitlines()) == 12 * 4

    (out / "hill.trials.jsonl").write_text(log[: len(log) // 2])  # killed in the middle of a line
    assert main(words) == 0
    lines = (out / "hill.trials.jsonl").read_text().splitlines()
    assert sum(not line.endswith("}") for line in lines) == 1
    again = [json.loads(line) for line in lines if line.endswith("}")]
    assert {(one["trial"], one["place"]["dataset"]) for one in again} == {
        (n, name) for n in range(12) for name in FOUR[1:]
    }
    assert len(again) == 12 * 4
    kept = [{k: v for k, v in row.items() if k != "seconds"} for row in table]
    assert [
        {k: v for k, v in r.items() if k != "seconds"} for r in read_table(out / "hill.csv")
    ] == kept


def test_a_choice_is_confirmed_on_further_seeds(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The default against another setting, in a table and a log of their own."""
    out = workplace / "defaults"
    words = ["hill", *FOUR, "--workers", "2", "--out", str(out), "--seeds", "1", "2"]
    assert main([*words, "--against", "place=0.7", "blur=4"]) == 0
    assert "2 of 2 settings on 4 datasets" in capsys.readouterr().out
    rows = read_table(out / "hill.against.csv")
    assert [(row["place"], row["blur"]) for row in rows] == [("0.1", "4"), ("0.7", "4")]
    assert [row["chosen"] for row in rows] == ["", "yes"]
    lines = (out / "hill.against.trials.jsonl").read_text().splitlines()
    assert {json.loads(line)["place"]["seed"] for line in lines} == {1, 2}
    assert len(lines) == 2 * 4 * 2 and not (out / "hill.csv").exists()


@pytest.mark.slow
def test_what_a_run_has_validated_is_not_fitted_again(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["run", "-m", "method=hill", "dataset=tiny,tiny_b,tiny_c,tiny_d", "scenario=grid"]
    assert cli.main([*run, "seed=0,1", "tracking=none"]) == 0
    words = ["hill", *FOUR, "--trials", "2", "--seeds", "0", "1", "--workers", "1"]
    capsys.readouterr()
    assert main([*words, "--out", "fitted"]) == 0
    assert main([*words, "--out", "read", "--records", "results"]) == 0
    found = {}
    for out in ("fitted", "read"):
        text = Path(out, "hill.trials.jsonl").read_text()
        found[out] = {
            (one["trial"], *one["place"].values()): one["result"]["groups"]
            for one in map(json.loads, text.splitlines())
        }
    assert found["fitted"].keys() == found["read"].keys()
    rounded = {key: {n: round(v, 6) for n, v in g.items()} for key, g in found["fitted"].items()}
    first = [key for key in rounded if key[0] == 0]
    assert len(first) == 8 and all(found["read"][key] == rounded[key] for key in first)
    assert any(found["read"][key] != rounded[key] for key in rounded)  # setting 1 was fitted


def test_a_dataset_may_be_of_the_open_track() -> None:
    places = [Place(name, "grid", 0) for name in ("planted", "planted@open")]
    assert [make_sources(one)[1].track.value for one in places] == ["strict", "open"]


@pytest.mark.slow
def test_the_clock_ends_the_search_and_keeps_what_there_is(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["slow_hill", *FOUR[:2], "--trials", "400", "--workers", "1", "--minutes", "0.25"]
    assert main(words) == 0
    table = read_table(workplace / "results" / "defaults" / "slow_hill.csv")
    done = [row for row in table if row["tiny"]]
    assert 0 < len(done) < 400
    assert "fewer than four datasets" in capsys.readouterr().out


def test_a_trial_is_bounded_in_time_and_a_dead_process_is_a_failure(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["moody", *FOUR[:2], "--trials", "6", "--workers", "1", "--trial-seconds", "20"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "killed by signal 11" in told and "the matrix is singular" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["hil"], "no method 'hil'; did you mean hill"),
        (["rangeless"], "Rangeless has no field left to search"),
        (["hill", "--datasets", "tinny"], "no dataset 'tinny'; did you mean tiny"),
        (["hill", "--datasets", "tiny@opne"], "opne"),
        (["hill", "--against", "plaec=1"], "plaec"),
        (["hill", "--against", "place=high"], "place='high'"),
        (["hill", "--against", "place"], "--against place: settings are typed as field=value"),
        (["hill", "--records", "nowhere"], "--records nowhere: there is no such folder"),
    ],
)
def test_what_does_not_exist_is_refused_in_a_sentence(
    workplace: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(words) == 2
    assert message in capsys.readouterr().err


def test_it_needs_no_library_of_the_command_line(workplace: Path) -> None:
    """So that it runs where only what the methods themselves need is installed."""
    code = (
        "import sys; from coldbench.benchmarks.defaults import command, jobs; "
        "_, do = jobs.serve_jobs(1); "
        "do(jobs.Job('hill', 0, {}, jobs.Place('tiny', 'grid', 0)), None); "
        "heavy = {'hydra', 'omegaconf', 'pydantic', 'rich', 'optuna'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
