"""``coldbench tune``: exactly N trials, whatever interrupts them, and the preset that is left."""

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from coldbench.benchmarks.cli.main import main
from coldbench.benchmarks.config.tuned_preset import read_preset
from coldbench.benchmarks.tuning.search import run_search, study_folder
from coldbench.benchmarks.tuning.trial_table import find_best
from coldbench.benchmarks.tuning.tune_settings import plan_search

TINY = ["dataset=tiny", "scenario.shots=[0,5]"]
LINES = 17
"""That a climber which is not pruned writes: its first epoch of 16 is asked for twice."""


def read_trials(folder: Path, method: str, group: str = "mean") -> list[dict[str, str]]:
    path = folder / "results/tuned/grid/tiny" / method / f"{group}.csv"
    with path.open() as file:
        return list(csv.DictReader(file))


def read_journal(folder: Path) -> list[dict[str, object]]:
    (path,) = (folder / "results/.tune").rglob("journal.log")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_first_trial_is_the_default_and_the_best_is_kept(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tune", "method=hill", *TINY, "budget.trials=15"]) == 0
    told, quiet = capsys.readouterr()
    assert quiet == "" and "15 of 15 trials" in told and "0 (default)" in told
    rows = read_trials(workplace, "hill")
    assert [int(one["trial"]) for one in rows] == list(range(15))
    assert (rows[0]["place"], rows[0]["blur"]) == ("0.1", "4")
    best = max(rows, key=lambda one: float(one["objective"]))
    assert float(best["objective"]) > float(rows[0]["objective"])
    preset = yaml.safe_load((workplace / "results/tuned/grid/tiny/hill/mean.yaml").read_text())
    assert preset["settings"] == {"place": float(best["place"]), "blur": int(best["blur"])}
    assert abs(preset["settings"]["place"] - 0.7) < 0.3


def test_the_same_seed_gives_the_same_trials_and_another_seed_others(workplace: Path) -> None:
    def settings(*words: str) -> list[object]:
        plan = plan_search(["method=hill", *TINY, "budget.trials=13", *words])
        return [one.settings for one in run_search(plan)]

    first = settings("results=a")
    assert settings("results=b") == first
    assert settings("results=c", "search_seed=1")[1:] != first[1:]


def test_a_search_goes_on_where_it_ended_and_repeats_nothing(workplace: Path) -> None:
    words = ["method=hill", f"method.log={workplace}/fits", *TINY]
    run_search(plan_search([*words, "budget.trials=4"]))
    run_search(plan_search([*words, "budget.trials=4"]))
    rows = run_search(plan_search([*words, "budget.trials=13"]))
    assert len((workplace / "fits").read_text().splitlines()) == 13
    whole = run_search(plan_search([*words, "budget.trials=13", "results=other"]))
    assert [one.settings for one in rows] == [one.settings for one in whole]


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_killed_search_ends_with_exactly_n_trials(workplace: Path, workers: int) -> None:
    """kill -9 in the middle: the same command fits what is missing, and each trial once."""
    trials = 12
    words = [
        "tune", "method=slow_hill", *TINY, f"budget.trials={trials}", f"workers={workers}",
    ]  # fmt: skip
    command = [sys.executable, "-m", "coldbench", *words]
    for kills in (3, 7):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 200
        while count_ended(workplace) < kills and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert kills <= count_ended(workplace) < trials
    assert main(words) == 0
    rows = read_trials(workplace, "slow_hill")
    assert [int(one["trial"]) for one in rows] == list(range(trials))
    assert {one["state"] for one in rows} == {"complete"}
    assert count_ended(workplace) == trials  # none was finished twice
    if workers == 1:
        plan = plan_search([*words[1:], "results=undisturbed"])
        whole = [one.settings for one in run_search(plan)]
        assert [(str(one["place"]), int(str(one["blur"]))) for one in whole] == [
            (one["place"], int(one["blur"])) for one in rows
        ]


def count_ended(folder: Path) -> int:
    """Return how many trials the journal says have ended."""
    paths = list((folder / "results/.tune").rglob("journal.log"))
    lines = [line for path in paths for line in path.read_bytes().split(b"\n")[:-1]]
    return sum(json.loads(line).get("state") in (1, 2, 3) for line in lines)


def test_workers_end_with_the_search_that_is_killed(workplace: Path) -> None:
    log = workplace / "fits"
    process = subprocess.Popen(
        [sys.executable, "-m", "coldbench", "tune", "method=slow_hill", *TINY, "workers=2",
         f"method.log={log}", "method.wait=0.5"], stdout=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 200
    while not log.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    time.sleep(1.0)
    before = log.read_text()
    time.sleep(2.0)
    assert log.read_text() == before


def test_failures_count_as_trials_and_say_why(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A trial that raises, and one whose process dies (twice), with two workers."""
    words = ["tune", "method=moody", *TINY, "budget.trials=9", "workers=2", "search.place=null"]
    assert main([*words, "search.blur=null", "search.mood='choice(well,raises,dies)'"]) == 0
    rows = read_trials(workplace, "moody")
    assert [int(one["trial"]) for one in rows] == list(range(9))
    reasons = {one["mood"]: one["reason"] for one in rows}
    assert reasons["well"] == "" and reasons["raises"] == "ArithmeticError: the matrix is singular"
    assert reasons["dies"].startswith("its process was killed by signal 11")
    assert all((one["state"] == "complete") == (one["mood"] == "well") for one in rows)
    assert "failed)" in capsys.readouterr().out


def test_no_trial_that_succeeds_is_an_error(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tune", "method=moody", "method.mood=raises", *TINY, "budget.trials=2"]
    assert main(words) == 2
    assert "none of 2 trials succeeded: ArithmeticError" in capsys.readouterr().err
    assert not (workplace / "results/tuned").exists()


@pytest.mark.slow
def test_the_clock_ends_the_trial_that_runs_and_starts_no_other(workplace: Path) -> None:
    plan = plan_search(
        ["method=moody", "method.seconds=60", *TINY, "search.mood=null", "budget.minutes=0.15"]
    )
    start = time.monotonic()
    rows = run_search(plan)
    assert time.monotonic() - start < 60
    assert len(rows) == 1 and rows[0].state == "failed"
    assert "all that it was given" in rows[0].reason
    assert len(run_search(plan)) == 1  # the clock of a search is not wound up again


def test_the_test_side_is_never_read(workplace: Path) -> None:
    """The poisoned scenario raises when anything of its test tasks is looked at."""

    def rows(*words: str) -> list[object]:
        found = run_search(plan_search(["method=hill", "dataset=tiny", *words, "budget.trials=4"]))
        assert {one.state for one in found} == {"complete"}
        return [(one.settings, one.objective, one.groups) for one in found]

    assert rows("scenario=poisoned") == rows("scenario=grid")


def test_the_objective_is_that_of_the_group(workplace: Path) -> None:
    words = ["method=hill", *TINY, "budget.trials=3"]
    for group in ("new_item", "new_user"):
        for one in run_search(plan_search([*words, f"budget.group={group}"])):
            assert one.objective == one.groups[group]


def test_several_split_seeds_are_averaged(workplace: Path) -> None:
    def objectives(seeds: str) -> list[float]:
        plan = plan_search(["method=hill", *TINY, "budget.trials=3", f"budget.seeds={seeds}"])
        return [one.objective or 0.0 for one in run_search(plan)]

    both, first, second = objectives("[0,1]"), objectives("[0]"), objectives("[1]")
    assert both[0] == pytest.approx((first[0] + second[0]) / 2)


@pytest.mark.slow
def test_a_network_that_lags_behind_is_pruned(workplace: Path) -> None:
    """A step of 0 learns nothing: once others have come further its training is ended early."""
    log = workplace / "epochs"
    words = ["method=climber", f"method.log={log}", *TINY, "budget.trials=14", "search_seed=3"]
    rows = run_search(plan_search(words))
    pruned = [one for one in rows if one.state == "pruned"]
    assert len(rows) == 14 and pruned and {one.settings["step"] for one in pruned} == {0.0}
    assert all("others had done better" in one.reason for one in pruned)
    assert find_best(rows).settings == {"step": 0.05}  # type: ignore[union-attr]
    assert len(log.read_text().splitlines()) < 14 * LINES
    log.unlink()
    few = [word for word in words if word != "budget.trials=14"]
    unpruned = run_search(plan_search([*few, "budget.trials=2", "pruning=false"]))
    assert {one.state for one in unpruned} == {"complete"}
    assert len(log.read_text().splitlines()) == 2 * LINES


def test_a_second_search_in_the_same_folder_is_refused(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import fcntl

    words = ["method=hill", *TINY, "budget.trials=2"]
    folder = study_folder(plan_search(words))
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert main(["tune", *words]) == 2
    assert "another process is at the trials in" in capsys.readouterr().err
    assert main(["tune", *words]) == 0


def test_what_a_killed_process_left_in_the_journal_is_mended(workplace: Path) -> None:
    plan = plan_search(["method=hill", *TINY, "budget.trials=2"])
    run_search(plan)
    journal = study_folder(plan) / "journal.log"
    journal.write_bytes(journal.read_bytes() + b'{"op_code": 4, "study_')
    Path(f"{journal}.lock").symlink_to(journal)
    assert len(run_search(plan_search(["method=hill", *TINY, "budget.trials=3"]))) == 3


@pytest.mark.slow
def test_several_searches_are_made_in_turn_each_with_the_whole_budget(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that fails, or is not applicable, does not keep the next from being made."""
    words = ["method=singular,newest_word,hill", "dataset=tiny,tiny_b", "scenario.shots=[0,5]"]
    assert main(["tune", *words, "budget.trials=3"]) == 1
    out = capsys.readouterr().out
    assert out.count("failed: none of 3 trials succeeded: ArithmeticError") == 2
    assert out.count("not applicable: NewestWord needs ") == 2
    assert out.count("3 of 3 trials") == 2 and "6 searches, 2 failed" in out
    presets = (workplace / "results/tuned/grid").glob("*/*/mean.yaml")
    tuned = {one.parent.parts[-2:]: bool(read_preset(one)["settings"]) for one in presets}
    assert tuned == {
        (dataset, method): method == "hill"
        for dataset in ("tiny", "tiny_b")
        for method in ("hill", "newest_word")
    }


def test_a_mistake_in_one_of_several_searches_is_found_before_any_begins(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tune", "method=hill,rangeless", *TINY, "budget.trials=2"]) == 2
    assert "Rangeless" in capsys.readouterr().err
    assert not (workplace / "results").exists()
