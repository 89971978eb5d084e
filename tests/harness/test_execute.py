import csv
import io
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import RunConfig, compose_run
from coldbench.benchmarks.plugins.registry import find
from coldbench.benchmarks.records.details import KEPT
from coldbench.benchmarks.records.home import results_home
from coldbench.benchmarks.records.per_user_tables import rankings_path, users_path
from coldbench.benchmarks.records.record import Status, read
from coldbench.benchmarks.runs import kept_splits
from coldbench.benchmarks.runs.execute import execute
from coldbench.benchmarks.runs.identity import make_identity
from coldbench.benchmarks.runs.kept_splits import split_once
from coldbench.datasets.errors import ColdbenchError, DataError

Tiny = Callable[..., RunConfig]


def fits() -> int:
    return int(find("methods", "by_index").fits)


def test_a_run_leaves_a_complete_record(tiny: Tiny) -> None:
    run = execute(tiny("by_index", "seed=3", "threads=1", "scenario.shots=[0,2]"))
    record = run.record
    assert not run.skipped and record.status is Status.OK
    assert run.path == Path("results/grid/planted/by_index") / f"{record.run_id}.json"
    assert read(run.path) == record
    assert (record.method, record.dataset, record.scenario, record.seed) == (
        "by_index", "planted", "grid", 3,
    )  # fmt: skip
    assert (record.family, record.side_information, record.track) == (
        "collaborative", "inductive", "strict",
    )  # fmt: skip
    assert record.config["dataset"]["n_users"] == 80 and record.config["seed"] == 3
    assert len(record.data_sha256) == len(record.split_sha256) == 64
    assert {"warm/warm/k=0", "new_item/cold/k=0", "new_user/warm/k=2"} <= set(record.scores)
    for scores in record.scores.values():
        figure = scores["ndcg@10"]
        assert figure.mean is not None and figure.low is not None and figure.high is not None
        assert 0 <= figure.low <= figure.mean <= figure.high <= 1 and figure.n > 0
    assert record.training == {"threads": 1, "loss": None, "steps": 3}
    assert record.cost is not None and record.cost.parameters == 3
    assert record.cost.fit_seconds >= 0 and record.cost.score_seconds > 0
    assert record.facts["warm_users"] > 0 and record.error is None


def test_nothing_in_a_record_names_the_machine(tiny: Tiny, tmp_path: Path) -> None:
    text = execute(tiny("by_index", f"results={tmp_path}/elsewhere")).path.read_text()
    assert str(tmp_path) not in text and str(Path.home()) + "/" not in text
    assert os.uname().nodename not in json.dumps(json.loads(text)["environment"])


def test_a_finished_run_is_recognised_before_it_fits(tiny: Tiny) -> None:
    first = execute(tiny())
    before, stamp = fits(), first.path.stat().st_mtime_ns
    second = execute(tiny())
    assert second.skipped and second.record == first.record
    assert fits() == before and first.path.stat().st_mtime_ns == stamp


def test_force_runs_again_and_replaces(tiny: Tiny) -> None:
    first = execute(tiny())
    before, inode = fits(), first.path.stat().st_ino
    again = execute(tiny("by_index", "force=true"))
    assert not again.skipped and fits() == before + 1
    assert again.path == first.path and again.path.stat().st_ino != inode
    assert again.record.scores == first.record.scores


@pytest.mark.parametrize(
    "word", ["seed=1", "method.weight=2", "dataset.n_items=61", "scenario=new_item",
             "evaluation.ks=[5]", "threads=2", "scenario.side_information=transductive"],
)  # fmt: skip
def test_what_may_change_a_figure_changes_the_id(tiny: Tiny, word: str) -> None:
    assert execute(tiny()).record.run_id != execute(tiny("by_index", word)).record.run_id


def test_what_changes_no_figure_changes_no_id(tiny: Tiny, tmp_path: Path) -> None:
    words = ["evaluation.block=7", f"results={tmp_path}/other", "force=true", "save_rankings=true"]
    one, other = execute(tiny()), execute(tiny("by_index", *words))
    assert one.record.run_id == other.record.run_id
    assert one.record.scores == other.record.scores


def test_a_path_counts_by_its_last_part(tiny: Tiny) -> None:
    one, other = tiny(), tiny()
    one.scenario.files, other.scenario.files = "/one/home/split", "other/split"
    assert make_identity(one) == make_identity(other)
    assert make_identity(one)["scenario"]["files"] is None


def test_the_same_data_in_another_folder_is_the_same_run() -> None:
    words = ["method=popularity", "dataset=ml-1m"]
    one, other = (compose_run([*words, *more]) for more in ([], ["dataset.path=/data/ml"]))
    assert make_identity(one) == make_identity(other)


def test_a_failed_run_is_recorded_with_its_error(
    tiny: Tiny, caplog: pytest.LogCaptureFixture
) -> None:
    run = execute(tiny("singular"))
    assert run.record.status is Status.FAILED and run.record.scores == {}
    assert run.record.error == "ArithmeticError: the matrix is singular"
    assert read(run.path) == run.record and run.record.cost is None
    assert "Traceback" in caplog.text and "the matrix is singular" in caplog.text


@pytest.mark.parametrize(
    ("method", "message"),
    [("quits", "SystemExit: 3"), ("not_a_number", "ColdbenchError: NotANumber")],
)
def test_whatever_fails_is_recorded(tiny: Tiny, method: str, message: str) -> None:
    record = execute(tiny(method)).record
    assert record.status is Status.FAILED and str(record.error).startswith(message)


def test_a_method_that_does_not_apply_is_recorded_and_may_apply_later(tiny: Tiny) -> None:
    run = execute(tiny("seer"))
    assert run.record.status is Status.NOT_APPLICABLE
    assert "Seer needs side information of cold entities" in str(run.record.error)
    fitting = execute(tiny("seer", "scenario.side_information=transductive"))
    assert fitting.record.status is Status.OK


def test_a_failed_record_is_replaced_by_a_later_success(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(find("methods", "by_index"), "fit", lambda self, train: 1 / 0)
        failed = execute(tiny())
    assert read(failed.path).status is Status.FAILED
    later = execute(tiny())
    assert later.path == failed.path and not later.skipped
    assert read(failed.path) == later.record and later.record.status is Status.OK


def test_a_forced_failure_leaves_the_finished_record(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = execute(tiny())
    config = tiny("by_index", "force=true")
    with monkeypatch.context() as patch:
        patch.setattr(type(config.method), "fit", lambda self, train: 1 / 0)
        bad = execute(config)
    assert bad.record.status is Status.FAILED and bad.path == good.path
    assert read(good.path) == good.record


def test_a_run_that_another_process_finished_meanwhile_is_left_to_it(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = find("methods", "by_index")
    real, inner = method.fit, []

    def slow(self: object, train: object) -> object:
        monkeypatch.setattr(method, "fit", real)
        inner.append(execute(tiny()))
        return real(self, train)

    monkeypatch.setattr(method, "fit", slow)
    outer = execute(tiny())
    assert not inner[0].skipped and outer.skipped
    assert outer.record == inner[0].record == read(outer.path)


def test_a_corrupt_record_is_made_again(tiny: Tiny, caplog: pytest.LogCaptureFixture) -> None:
    first = execute(tiny())
    first.path.write_text('{"schema": 1')
    again = execute(tiny())
    assert not again.skipped and read(first.path) == again.record
    assert "is not a readable record" in caplog.text


def test_users_table_holds_every_figure_under_original_ids(tiny: Tiny) -> None:
    config = tiny("popularity")
    run = execute(config)
    table = pl.read_parquet(users_path(run.path))
    assert table.columns[:2] == ["task", "user"]
    assert set(table["user"]) <= set(config.dataset.load().user_ids.tolist())
    for task, scores in run.record.scores.items():
        rows = table.filter(pl.col("task") == task)
        assert rows["user"].n_unique() == len(rows)
        for metric in ("ndcg@10", "recall@5", "auc"):
            figure, values = scores[metric], rows[metric].drop_nulls()
            assert figure.n == len(values)
            near = 1e-9 if metric in KEPT else 5e-7  # six decimals in the details
            assert figure.mean == pytest.approx(float(values.mean()), abs=near)  # type: ignore[arg-type]


def test_rankings_are_written_when_asked_and_give_the_recall(tiny: Tiny) -> None:
    config = tiny("popularity")
    first = execute(config)
    assert not rankings_path(first.path).exists()
    asked = tiny("popularity", "save_rankings=true")
    run = execute(asked)
    assert not run.skipped and run.path == first.path
    assert execute(tiny("popularity", "save_rankings=true")).skipped
    table = pl.read_parquet(rankings_path(run.path))
    assert table.columns == ["task", "user", "rank", "item", "score"]
    data = asked.dataset.load()
    holdout = split_once(asked, data).test["warm/warm/k=0"]
    recalls = []
    for row, user in enumerate(holdout.users):
        truth = holdout.truth[row].indices
        listed = table.filter(
            (pl.col("task") == "warm/warm/k=0")
            & (pl.col("user") == data.user_ids[user])
            & (pl.col("rank") <= 10)
        ).sort("rank")
        assert listed["rank"].to_list() == list(range(1, len(listed) + 1))
        assert (np.diff(listed["score"].to_numpy()) <= 0).all()
        wanted = set(data.item_ids[holdout.items[truth]].tolist())
        if wanted:
            recalls.append(len(wanted & set(listed["item"])) / len(wanted))
    assert run.record.scores["warm/warm/k=0"]["recall@10"].mean == pytest.approx(
        np.mean(recalls), abs=5e-7
    )


def test_a_rating_task_is_measured_by_its_errors(
    workplace: Path, fakes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["scenario=warm", "scenario.task=rating", "evaluation.bootstrap=20"]
    for method in ("popularity", "by_index"):
        execute(compose_run([f"method={method}", *words]))
    assert cli.main(["leaderboard", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["method"], row["metric"], row["status"]) for row in rows] == [
        ("popularity", "rmse", "ok"), ("by_index", "rmse", "not_applicable"),
    ]  # fmt: skip
    assert 0.5 < float(rows[0]["mean"]) < 3
    assert "by_index" in rows[1]["label"] and "predicts no ratings" in rows[1]["reason"]


def test_a_sweep_splits_once_per_seed(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    scenario = find("scenarios", "grid")
    real = scenario.split
    monkeypatch.setattr(
        scenario, "split", lambda *words, **more: calls.append(words[2]) or real(*words, **more)
    )
    for method in ("by_index", "popularity", "random"):
        for seed in (0, 1):
            execute(tiny(method, f"seed={seed}"))
    assert calls == [0, 1]
    for seed in range(2, 9):
        split_once(tiny("random", f"seed={seed}"), tiny().dataset.load())
    assert len(kept_splits._splits) == kept_splits.SPLITS_KEPT


def test_the_run_gets_its_threads_whatever_split_is_kept(tiny: Tiny) -> None:
    assert execute(tiny("by_index", "threads=1")).record.training["threads"] == 1
    run = execute(tiny("by_index", "threads=2"))
    assert run.record.training["threads"] == run.record.environment.threads == 2


def test_data_that_cannot_be_loaded_leaves_no_record(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny()

    def broken(self: object) -> None:
        raise DataError("rating 11 is outside 0..10", path="ratings.csv", line=3)

    monkeypatch.setattr(type(config.dataset), "load", broken)
    with pytest.raises(ColdbenchError, match=r"ratings.csv, line 3: rating 11"):
        execute(config)
    assert not Path("results").exists()


def test_where_the_records_go(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert results_home() == Path("results")
    monkeypatch.setenv("COLDBENCH_RESULTS", "from_env")
    assert results_home() == Path("from_env")
    assert results_home("given") == Path("given")


def test_logging_is_left_alone(tiny: Tiny) -> None:
    before = list(logging.getLogger().handlers)
    execute(tiny())
    assert logging.getLogger().handlers == before
