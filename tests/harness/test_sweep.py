import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import RunConfig
from coldbench.benchmarks.plugins.registry import find
from coldbench.benchmarks.records.headline import summarise_scores
from coldbench.benchmarks.records.record import Status, read_all
from coldbench.benchmarks.runs import sweep_watch
from coldbench.benchmarks.runs.execute import execute
from coldbench.benchmarks.runs.job_outcome import Outcome, read_outcomes

COLDBENCH = [sys.executable, "-m", "coldbench"]


def records(folder: str = "results") -> dict[tuple[str, int], str]:
    return {(one.method, one.seed): one.status.value for one in read_all(Path(folder))}  # type: ignore[union-attr]


def test_a_single_run_prints_its_tasks_and_its_record(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "method=by_index", *words]) == 0
    out = capsys.readouterr().out
    assert out.startswith("by_index · grid/planted · seed 0 · cold ndcg@10 0.")
    assert "new_item/cold/k=0" in out and "95 % interval" in out
    record = Path(out.strip().splitlines()[-1].strip())
    assert record.exists() and record.parts[:4] == ("results", "grid", "planted", "by_index")
    assert cli.main(["run", "method=by_index", *words]) == 0
    assert "skipped, cold ndcg@10" in capsys.readouterr().out


def test_every_job_has_a_log_and_an_outcome(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "method=singular", *words]) == 1
    message = capsys.readouterr()
    assert "failed: ArithmeticError: the matrix is singular; see results" in message.err
    assert "Traceback" not in message.err + message.out
    (folder,) = Path("outputs").glob("*/*")
    log = (folder / "run.log").read_text()
    assert "started: method=singular" in log and "Traceback" in log and "singular" in log
    (outcome,) = read_outcomes(folder)
    assert outcome.status == "failed" and Path(str(outcome.record)).exists()


def test_a_sweep_goes_on_after_failures_and_closes_with_a_summary(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    methods = "method=by_index,singular,quits,seer,not_a_number"
    assert cli.main(["run", "-m", methods, "seed=0,1", *words]) == 1
    lines = capsys.readouterr().out.splitlines()
    progress = [line for line in lines if line.startswith("[")]
    assert [line.split("]")[0] for line in progress] == [f"[{n}/10" for n in range(1, 11)]
    assert progress[0].startswith("[1/10] by_index · grid/planted · seed 0 · cold ndcg@10 0.")
    assert all(" left" in line for line in progress[:-1]) and " left" not in progress[-1]
    assert "10 runs: 6 failed, 2 not applicable, 2 ok" in lines
    assert sum("ArithmeticError: the matrix is singular" in line for line in lines) == 4
    assert records() == {
        (method, seed): status
        for method, status in (("by_index", "ok"), ("singular", "failed"), ("quits", "failed"),
                               ("seer", "not_applicable"), ("not_a_number", "failed"))
        for seed in (0, 1)
    }  # fmt: skip


def test_a_second_sweep_makes_only_what_is_missing(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "-m", "method=by_index", "seed=0,1", *words]) == 0
    before = find("methods", "by_index").fits
    capsys.readouterr()
    assert cli.main(["run", "-m", "method=by_index,popularity", "seed=0,1", *words]) == 0
    assert "4 runs: 2 ok, 2 skipped" in capsys.readouterr().out
    assert find("methods", "by_index").fits == before


def test_a_field_of_a_swept_method_may_be_fixed_or_swept(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["run", "-m", "method=by_index,singular", *words]
    assert cli.main([*common, "method.weight=2", "method.layers=[1,2]"]) == 1
    assert "2 runs: 1 failed, 1 ok" in capsys.readouterr().out
    assert cli.main([*common, "method.weight=3,4"]) == 1
    assert "4 runs: 2 failed, 2 ok" in capsys.readouterr().out
    found = {one.config["method"]["weight"] for one in read_all(Path("results"))}  # type: ignore[union-attr]
    assert found == {2.0, 3.0, 4.0}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (
            ["-m", "method=by_index,als"],
            "no method 'als'; did you mean ials or ials_2022 or implicit_als? ",
        ),
        (["-m", "method=by_index,random", "method.weight=2"], "RandomScores has no field method.w"),
        (["method=by_index", "seeds=2"], "a run has no field seeds; did you mean seed? "),
        (["method=als"], "no method 'als'; did you mean ials or ials_2022 or implicit_als? "),
        (
            [],
            "no method is chosen; write method=<name>, there are: aligned_factors, attribute_map, ",
        ),
    ],
)
def test_a_mistake_ends_before_anything_runs(
    workplace: Path, fakes: None, argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", *argv]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(message) and captured.err.count("\n") == 1
    assert captured.out == "" and not Path("results").exists()


def test_debug_shows_the_traceback(
    workplace: Path, fakes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLDBENCH_DEBUG", "1")
    with pytest.raises(cli.ColdbenchError):
        cli.main(["run", "method=als"])


def test_a_single_run_that_does_not_apply_is_refused(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "method=seer", *words]) == 2
    assert capsys.readouterr().err.startswith("Seer needs side information of cold entities")
    assert records() == {("seer", 0): "not_applicable"}


def test_hydras_own_words_work(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "method=by_index", *words, "--cfg", "job"]) == 0
    assert "n_users: 80" in capsys.readouterr().out
    assert cli.main(["run", "method=by_index", *words, "hydra.run.dir=mine"]) == 0
    assert Path("mine/outcome.json").exists()
    with pytest.raises(SystemExit) as end:
        cli.main(["run", "--help"])
    assert end.value.code == 0
    message = capsys.readouterr().out
    assert "finished runs are skipped" in message and "by_index" in message


def test_the_shell_completes_the_words_of_a_run(
    workplace: Path, fakes: None, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("COMP_LINE", "coldbench run method=by_")
    monkeypatch.setattr(sys, "argv", ["coldbench"])
    assert cli.main(["-sc", "query=bash"]) == 0
    assert capsys.readouterr().out.split() == ["method=by_index"]


def test_the_experiment_is_a_sweep_of_itself(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["run", "+experiment=first_run", "method=by_index,popularity", *words]
    assert cli.main(argv) == 0
    assert "2 runs: 2 ok" in capsys.readouterr().out


def test_a_field_is_fixed_for_the_sweep_of_an_experiment(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    methods = ["method=item_knn,content_knn", "method.neighbours=7"]
    assert cli.main(["run", "+experiment=first_run", *methods, *words]) == 0
    assert "2 runs: 2 ok" in capsys.readouterr().out
    made = [json.loads(path.read_text()) for path in Path("results").rglob("*.json")]
    assert [one["config"]["method"]["neighbours"] for one in made] == [7, 7]


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_a_sweep_in_other_processes_reports_the_same(
    workplace: Path, fakes: None, words: list[str], launcher: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    argv = ["run", "-m", "method=by_index,singular", *words, f"hydra/launcher={launcher}"]
    assert cli.main(argv) == 1
    out = capsys.readouterr().out
    assert "2 runs: 1 failed, 1 ok" in out and "[2/2]" in out
    assert records() == {("by_index", 0): "ok", ("singular", 0): "failed"}
    assert all("started" in log.read_text() for log in Path("outputs").rglob("run.log"))


SLOW = '''
import time
from dataclasses import dataclass
from coldbench_fakes import ByIndex
@dataclass
class Slow(ByIndex):
    """Takes a minute."""
    def fit(self, train):
        print("fitting", flush=True)
        time.sleep(60)
        return super().fit(train)
'''


def test_an_interrupted_sweep_keeps_and_reports_what_is_finished(
    workplace: Path, fakes: None, install: object, words: list[str]
) -> None:
    install("slow", "[coldbench.methods]\nslow = coldbench_fakes_slow:Slow\n",  # type: ignore[operator]
            coldbench_fakes_slow=SLOW)  # fmt: skip
    running = subprocess.Popen(
        [*COLDBENCH, "run", "-m", "method=by_index,slow", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
    )  # fmt: skip
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith("fitting"):
            break
    time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "1 runs: 1 ok, 1 not run" in out
    assert err.strip().splitlines()[-1] == "interrupted; what was finished is kept"
    assert records() == {("by_index", 0): "ok"}


def test_an_outcome_file_that_is_torn_is_told_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = Outcome(1, "ok", "m", "d", "s", 0, "path", "cold ndcg@10 0.1000", 1.0)
    one.save(tmp_path / "1")
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "outcome.json").write_text('{"number": 0')
    assert read_outcomes(tmp_path) == [one]
    assert "is not readable" in caplog.text


def test_an_earlier_sweep_in_the_same_folder_is_forgotten(
    workplace: Path, fakes: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["run", "-m", *words, "hydra.sweep.dir=fixed"]
    assert cli.main([*argv, "method=by_index,popularity,random"]) == 0
    capsys.readouterr()
    assert cli.main([*argv, "method=by_index"]) == 0
    assert "1 runs: 1 skipped" in capsys.readouterr().out


def test_the_headline_is_the_mean_over_cold_tasks(tiny: Callable[..., RunConfig]) -> None:
    record = execute(tiny("by_index")).record
    cold = [one for task, one in record.scores.items() if not task.startswith("warm/")]
    mean = np.mean([one["ndcg@10"].mean for one in cold])  # type: ignore[list-item]
    assert summarise_scores(record) == f"cold ndcg@10 {mean:.4f}"
    warm = execute(tiny("by_index", "scenario=warm", "evaluation.ks=[5]")).record
    metric = next(iter(warm.scores["warm/warm/k=0"]))
    assert summarise_scores(warm).startswith(f"warm {metric} ")
    assert summarise_scores(record.model_copy(update={"scores": {}})) == ""


def test_status_values_are_those_of_the_contract() -> None:
    assert json.loads(json.dumps([one.value for one in Status])) == [
        "ok", "failed", "not_applicable",
    ]  # fmt: skip
    assert sweep_watch.SKIPPED not in {one.value for one in Status}
