"""A run with tuned settings: what it does, and what its record says."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from coldbench.benchmarks.cli.main import main
from coldbench.benchmarks.config.run_config import compose_run

WORDS = ["method=hill", "dataset=tiny", "scenario.shots=[0]"]


@pytest.fixture
def tuned(workplace: Path) -> Path:
    """The preset of a search."""
    assert main(["tune", *WORDS, "budget.trials=6"]) == 0
    return workplace / "results/tuned/grid/tiny/hill/mean.yaml"


def make_record(folder: Path, *words: str) -> dict[str, Any]:
    before = set((folder / "results").glob("*/*/*/*.json"))
    assert main(["run", *WORDS, "evaluation.bootstrap=0", *words]) == 0
    (path,) = set((folder / "results").glob("*/*/*/*.json")) - before
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_a_tuned_run_has_the_settings_and_says_how_they_were_found(
    tuned: Path, workplace: Path
) -> None:
    preset = yaml.safe_load(tuned.read_text())
    record = make_record(workplace, "tuned=mean")
    plain = make_record(workplace)
    assert record["config"]["method"] | preset["settings"] == record["config"]["method"]
    assert record["tuning"] == preset["tuning"]
    assert {name: record["tuning"][name] for name in ("trials", "minutes", "group", "seeds")} == {
        "trials": 6, "minutes": 20.0, "group": "mean", "seeds": [0],
    }  # fmt: skip
    assert (record["tuning_trials"], record["preset"]) == (6, "hill tuned")
    assert (plain["tuning_trials"], plain["tuning"], plain["preset"]) == (0, None, None)
    assert record["config"]["tuned"] == record["tuning"]["study_sha256"]
    assert "tuned" not in plain["config"]


def test_a_tuned_run_is_a_row_of_its_own_even_with_the_defaults(
    tuned: Path, workplace: Path
) -> None:
    content = yaml.safe_load(tuned.read_text())
    tuned.write_text(yaml.safe_dump(content | {"settings": {"place": 0.1, "blur": 4}}))
    assert make_record(workplace)["run_id"] != make_record(workplace, "tuned=mean")["run_id"]


def test_a_path_is_a_preset_and_what_is_typed_comes_first(tuned: Path) -> None:
    run = compose_run([*WORDS, f"tuned={tuned}", "method.blur=7"])
    preset = yaml.safe_load(tuned.read_text())["settings"]
    assert (run.method.place, run.method.blur) == (preset["place"], 7)
    assert compose_run(WORDS).method.place == 0.1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*WORDS, "tuned=new_item"], "make it with coldbench tune"),
        ([*WORDS, "tuned=items"], "tuned=items is none of what settings are tuned for"),
        (
            ["method=popularity", "dataset=tiny", "tuned=PATH"],
            "settings of hill, not of popularity",
        ),
    ],
)
def test_a_preset_that_is_not_there_is_a_sentence(
    tuned: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["run", *(word.replace("PATH", str(tuned)) for word in words)]) == 2
    assert message in capsys.readouterr().err


def test_changed_trials_are_refused(tuned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trials = tuned.with_suffix(".csv")
    trials.write_text(trials.read_text().replace("complete", "Complete", 1))
    assert main(["run", *WORDS, "tuned=mean"]) == 2
    assert "was changed after the preset was written" in capsys.readouterr().err
    trials.unlink()
    assert main(["run", *WORDS, "tuned=mean"]) == 2
    assert "is missing" in capsys.readouterr().err


def test_a_method_that_does_not_apply_is_no_failure_of_a_sweep_over_tuned_methods(
    tuned: Path, workplace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = ["method=hill,newest_word", "dataset=tiny", "scenario.shots=[0]"]
    assert main(["tune", *words, "budget.trials=6"]) == 0
    content = yaml.safe_load((tuned.parents[1] / "newest_word/mean.yaml").read_text())
    assert content["settings"] == {} and "NewestWord needs" in content["tuning"]["not_applicable"]
    compose_run([words[0].replace("hill,", ""), *words[1:], "tuned=mean"])
    assert "newest_word keeps its own" in caplog.text
    assert main(["run", "-m", *words, "tuned=mean", "evaluation.bootstrap=0"]) == 0
    records = [json.loads(one.read_text()) for one in (workplace / "results").glob("*/*/*/*.json")]
    told = {one["method"]: (one["status"], one["preset"], one["tuning_trials"]) for one in records}
    assert told == {"hill": ("ok", "hill tuned", 6), "newest_word": ("not_applicable", None, 0)}
