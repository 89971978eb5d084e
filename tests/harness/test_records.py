import json
import math
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coldbench.benchmarks.records.record import (
    RunRecord,
    read,
    read_all,
    record_path,
    run_id,
    to_json,
    to_jsonable,
    with_identity,
    write,
)
from coldbench.datasets.errors import ColdbenchError

CONTRACT = [
    "schema", "run_id", "status", "method", "family", "dataset", "scenario", "seed", "config",
    "data_sha256", "split_sha256", "scenario_version", "side_information", "scores", "cost",
    "environment", "commit", "dirty", "started", "error",
]  # fmt: skip


def a_record(**changes: Any) -> RunRecord:
    content: dict[str, Any] = {
        "run_id": "",
        "status": "ok",
        "method": "popularity",
        "family": "reference",
        "dataset": "planted",
        "scenario": "grid",
        "seed": 0,
        "config": {"method": {"damping": 10.0}},
        "data_sha256": "d" * 64,
        "split_sha256": "e" * 64,
        "scenario_version": 1,
        "side_information": "inductive",
        "scores": {"warm/warm/k=0": {"ndcg@10": {"mean": 0.5, "low": 0.4, "high": 0.6, "n": 9}}},
        "cost": {
            "fit_seconds": 1.0,
            "score_seconds": 2.0,
            "peak_bytes": 3,
            "trainable_parameters": 4,
            "parameters": 5,
        },
        "environment": {"python": "3.11", "packages": {}, "device": "cpu", "threads": 1},
        "started": "2026-01-01T00:00:00+00:00",
    }
    return with_identity(RunRecord.model_validate(content | changes))


def test_a_record_holds_the_keys_of_the_contract_and_comes_back(tmp_path: Path) -> None:
    record = a_record()
    path = record_path(tmp_path, record)
    assert path == tmp_path / "grid" / "planted" / "popularity" / f"{record.run_id}.json"
    assert write(path, record)
    content = json.loads(path.read_text())
    assert set(CONTRACT) <= set(content)
    assert content["schema"] == 3 and content["status"] == "ok"
    assert set(content["cost"]) == {
        "fit_seconds", "score_seconds", "validation_seconds", "peak_bytes", "trainable_parameters",
        "parameters",
    }  # fmt: skip
    assert content["scores"]["warm/warm/k=0"]["ndcg@10"] == {
        "mean": 0.5, "low": 0.4, "high": 0.6, "n": 9,
    }  # fmt: skip
    assert read(path) == record


def test_a_record_cannot_be_changed_or_extended() -> None:
    record = a_record()
    with pytest.raises(ValueError, match="frozen"):
        record.seed = 2  # type: ignore[misc]
    with pytest.raises(ValueError, match="Extra inputs"):
        a_record(surprise=1)


def test_a_record_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    assert write(path, a_record())
    assert not write(path, a_record(seed=7))
    assert read(path).seed == 0
    assert write(path, a_record(seed=7), replace=True)
    assert read(path).seed == 7
    assert [one.name for one in tmp_path.iterdir()] == ["one.json"]


def test_nan_and_infinity_are_null(tmp_path: Path) -> None:
    training = {"loss": math.nan, "best": np.float32("inf"), "curve": np.array([1.0, np.nan])}
    path = tmp_path / "one.json"
    write(path, a_record(training=training, scores={"t": {"m": dict.fromkeys(
        ("mean", "low", "high")) | {"n": 0}}}))  # fmt: skip
    assert "NaN" not in path.read_text() and "Infinity" not in path.read_text()
    assert read(path).training == {"loss": None, "best": None, "curve": [1.0, None]}


def test_jsonable_takes_what_a_method_may_report() -> None:
    value = {1: np.int64(3), "a": (np.bool_(True), {"x"}), "p": Path("a/b"), "n": None}
    assert to_jsonable(value) == {"1": 3, "a": [True, ["x"]], "p": "a/b", "n": None}


def test_json_has_a_line_per_task(tmp_path: Path) -> None:
    figure = {"ndcg@10": {"mean": 0.1, "low": 0.1, "high": 0.1, "n": 1}}
    text = to_json(a_record(scores={f"task{i}": figure for i in range(5)}))
    assert sum(line.startswith('  "task') for line in text.splitlines()) == 5
    assert len(text.splitlines()) < 60


def test_the_id_depends_on_content_not_on_order() -> None:
    assert run_id({"a": 1, "b": [1, 2]}) == run_id({"b": [1, 2], "a": 1})
    assert run_id({"a": 1}) != run_id({"a": 2})
    assert len(run_id({})) == 16 and set(run_id({})) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Expecting value"),
        (b'{"schema": 1, "run_id": "0', "Unterminated string"),
        (b"\xc3\x28", "decode"),
        (b"[]", "the whole: "),
        (b"{}", "run_id: Field required"),
        (b'{"schema": 0}', "schema: "),
    ],
)
def test_a_corrupt_record_is_told_by_path_and_skipped(
    tmp_path: Path, content: bytes, message: str
) -> None:
    good = record_path(tmp_path, a_record())
    bad = good.with_name("x.json")
    write(good, a_record())
    bad.write_bytes(content)
    with pytest.raises(ColdbenchError) as error:
        read(bad)
    assert str(bad) in str(error.value) and message in str(error.value)
    assert "\n" not in str(error.value)
    found = list(read_all(tmp_path))
    assert found[0] == a_record() and isinstance(found[1], ColdbenchError) and len(found) == 2


def test_of_two_writers_one_wins_and_the_other_knows(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda seed: (seed, write(path, a_record(seed=seed))), range(8)))
    winners = [seed for seed, first in won if first]
    assert winners == [read(path).seed]
    assert [one.name for one in tmp_path.iterdir()] == ["one.json"]


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from test_records import a_record
from coldbench.benchmarks.records.record import record_path, write
records = [a_record(seed=seed, training={"padding": "x" * 200_000}) for seed in range(300)]
print("ready", flush=True)
while True:
    for record in records:
        write(record_path(Path(sys.argv[2]), record), record)
"""


def test_a_killed_writer_leaves_whole_records_only(tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    whole = 0
    for turn in range(3):
        folder = tmp_path / str(turn)
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, here, str(folder)], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
        time.sleep(0.11 + 0.037 * turn)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        found = list(read_all(folder))
        assert all(isinstance(one, RunRecord) for one in found)
        whole += len(found)
    assert whole > 3
