"""What is kept of a run's configuration is complete, readable, and runs again as it is."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import RunConfig, compose_run
from coldbench.benchmarks.records.record import RunRecord, read_all
from coldbench.benchmarks.runs.execute import execute
from coldbench.benchmarks.runs.identity import make_identity
from omegaconf import OmegaConf


def folders() -> list[Path]:
    return sorted(path.parent for path in Path("outputs").rglob("config.yaml"))


def found() -> list[RunRecord]:
    return [one for one in read_all(Path("results")) if isinstance(one, RunRecord)]


@pytest.mark.parametrize(
    "method",
    [
        ["method=by_index", "method.order=down", "method.layers=[1]", "scenario.track=open"],
        ["method=content_knn_bm25", "tracking=none"],
        ["method=content_knn_bm25", "method.neighbours=7", "scenario=new_user"],
    ],
)
def test_a_run_is_repeated_from_its_own_configuration(
    workplace: Path, fakes: None, words: list[str], method: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert cli.main(["run", *method, *words, "seed=3"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    (folder,) = folders()
    assert cli.main(["run", "-cd", str(folder), "-cn", "config"]) == 0
    again = capsys.readouterr().out.splitlines()[0]
    assert "skipped" in again and again.split(" · ")[:3] == first.split(" · ")[:3]
    assert len(found()) == 1


@pytest.mark.slow
def test_each_job_of_a_sweep_is_repeated_alone(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    methods = "method=by_index,content_knn_bm25"
    assert cli.main(["run", "-m", methods, "seed=0,1", *words]) == 0
    jobs = folders()
    assert len(jobs) == 4
    for folder in jobs:
        argv = ["run", "--config-dir", str(folder), "--config-name", "config"]
        assert cli.main([*argv, f"hydra.run.dir=again/{folder.parent.name}"]) == 0
    assert capsys.readouterr().out.count("skipped, cold ndcg@10") == 4
    assert cli.main([*argv, "seed=2"]) == 0
    assert len(found()) == 5, "with a word next to it, it is another run"


def test_a_preset_from_somebodys_folder_is_kept_by_its_settings(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (workplace / "mine" / "method").mkdir(parents=True)
    text = "defaults: [by_index, _self_]\nweight: 9.0\n"
    (workplace / "mine" / "method" / "heavy.yaml").write_text(text)
    argv = ["run", f"hydra.searchpath=[file://{workplace}/mine]", "method=heavy", *words]
    assert cli.main(argv) == 0
    assert capsys.readouterr().out.startswith("heavy · ")
    assert found()[0].preset == "heavy"
    (folder,) = folders()
    assert cli.main(["run", "-cd", str(folder), "-cn", "config"]) == 0
    assert "skipped" in capsys.readouterr().out


def test_choices_are_written_as_they_are_typed(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["run", "method=by_index", "method.order=down", "scenario.track=open", *words]
    assert cli.main([*argv, "--cfg", "job"]) == 0
    message = capsys.readouterr().out
    assert "order: down\n" in message and "track: open\n" in message and "DOWN" not in message
    assert cli.main(argv) == 0
    (folder,) = folders()
    kept = OmegaConf.load(folder / "config.yaml")
    assert (kept.method.order, kept.scenario.track, kept.scenario.task) == (
        "down", "open", "ranking",
    )  # fmt: skip
    assert "python" not in (folder / "config.yaml").read_text()
    assert cli.main(["list", "methods", "content_knn"]) == 0
    assert " tfidf " in capsys.readouterr().out


def test_without_hydras_folder_nothing_is_kept(
    workplace: Path, fakes: None, words: list[str]
) -> None:
    assert cli.main(["run", "method=by_index", *words, "hydra.output_subdir=null"]) == 0
    assert folders() == []


@pytest.mark.parametrize(
    ("method", "label"),
    [
        (["method=content_knn"], None),
        (["method=content_knn", "method.weighting=bm25"], None),
        (["method=content_knn_bm25"], "content_knn_bm25"),
        (["method=content_knn_bm25", "method.weighting=bm25"], "content_knn_bm25"),
        (["method=content_knn_bm25", "method.neighbours=7"], "content_knn_bm25 neighbours=7"),
        (["method=content_knn_bm25", "method.weighting=none"], "content_knn_bm25 weighting=none"),
    ],
)
def test_a_preset_keeps_its_name_and_does_not_lie(
    tiny: Callable[..., RunConfig], method: list[str], label: str | None
) -> None:
    config = tiny(method[0].removeprefix("method="), *method[1:])
    record = execute(config).record
    assert config.preset == record.preset == label
    assert record.method == "content_knn"


def test_the_name_of_a_preset_is_no_part_of_the_identity(tiny: Callable[..., RunConfig]) -> None:
    named = execute(tiny("content_knn_bm25"))
    spelled = execute(tiny("content_knn", "method.weighting=bm25"))
    assert spelled.skipped and spelled.path == named.path
    assert "preset" not in named.record.config


def test_the_lines_of_a_sweep_name_presets(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["run", "-m", "method=content_knn,content_knn_bm25", *words]
    for _ in range(2):
        assert cli.main(argv) == 0
        names = [line.split()[1] for line in capsys.readouterr().out.splitlines() if "/2]" in line]
        assert names == ["content_knn", "content_knn_bm25"]
    assert cli.main(["run", "method=content_knn_bm25", "method.neighbours=7", *words]) == 0
    assert capsys.readouterr().out.startswith("content_knn_bm25 neighbours=7 · grid/planted")


def test_a_field_that_was_added_later_does_not_make_finished_runs_again(fakes: None) -> None:
    words = ["method=finetuned_encoder", "dataset=hetrec-lastfm", "scenario=grid", "seed=0"]
    plain, other = (
        make_identity(compose_run([*words, *more]))["method"] for more in ([], ["method.loss=bpr"])
    )
    assert {
        "text_prefix",
        "head",
        "head_width",
        "loss",
        "hard_negatives",
        "optimiser",
        "layer_decay",
    }.isdisjoint(plain)
    assert other == plain | {"loss": "bpr"}
    published = Path(__file__).parents[2] / "results/grid/hetrec-lastfm/finetuned_encoder"
    records = [json.loads(path.read_text(encoding="utf-8")) for path in published.glob("*.json")]
    assert plain in [one["config"]["method"] for one in records]
