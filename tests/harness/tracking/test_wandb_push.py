"""`coldbench wandb push`: what is missing is sent once, offline and to a server."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.record import read_all
from coldbench.benchmarks.tracking import offline_files
from coldbench.benchmarks.tracking.offline_files import NOTE, find_complete, mark_complete

from .conftest import (  # type: ignore[import-not-found]
    CANARY,
    bytes_below,
    demand_absent,
    made,
    offline_runs,
    put,
    read_offline,
)
from .loopback import LoopbackWandb  # type: ignore[import-not-found]

pytestmark = [pytest.mark.xdist_group("wandb"), pytest.mark.timeout(1200)]

LONGEST = 600.0
"""Seconds, on a machine that has other things to do; a minute on an idle one."""


def push(folder: Path, *words: str) -> int:
    return cli.main(["wandb", "push", "--results", str(folder), *words])


def test_offline_each_record_is_written_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("wandb")
    assert push(folder, "--project", "mine", "--tags", "a,b", "--notes", "first try") == 0
    out = capsys.readouterr().out
    assert "mine: 5 sent; 0 there already" in out and "wandb sync" in out
    runs, ids = offline_runs(), {one.run_id for one in read_all(folder)}  # type: ignore[union-attr]
    assert {one.name.rsplit("-", 1)[1] for one in runs} == ids and len(runs) == 5
    before = {one: one.stat().st_mtime_ns for one in runs}
    assert push(folder, "--project", "mine") == 0
    assert "mine: 0 sent; 5 there already" in capsys.readouterr().out
    assert {one: one.stat().st_mtime_ns for one in offline_runs()} == before

    changed = put(folder, made("good", 0.5, 0, duplicates=3))  # the same run, made again
    assert changed.run_id in ids and push(folder, "--project", "mine") == 0
    assert "mine: 1 sent; 4 there already" in capsys.readouterr().out
    (latest,) = [one for one in offline_runs() if changed.run_id in one.name]
    assert latest not in before and len(offline_runs()) == 5

    events = read_offline(latest)
    (run,) = [one["run"] for one in events if one["type"] == "run"]
    assert run["project"] == "mine" and run["run_id"] == changed.run_id
    summary = summary_of(events)
    assert (
        summary["record/sha256"] == changed.sha256 and summary["new_item/cold/k=0/ndcg@10"] == 0.5
    )
    content = bytes_below(Path("wandb")) + json.dumps(events).encode()
    demand_absent(content, CANARY, str(Path.cwd()))


def summary_of(events: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in events:
        if one["type"] == "summary":
            found |= one["summary"]["update"] if "update" in one["summary"] else one["summary"]
    return found


def test_what_makes_an_offline_folder_complete(tmp_path: Path) -> None:
    about = ("mine", None, "r1", "d1")
    whole, killed, synced, other, fresh = (
        tmp_path / "wandb" / f"offline-run-2026010{day}_000000-r1" for day in range(1, 6)
    )
    for one in (whole, killed, synced, other, fresh):
        one.mkdir(parents=True)
        (one / "run-r1.wandb").write_bytes(b"")
    assert find_complete(tmp_path, *about) is None, "a folder without a note may be torn"
    mark_complete(whole, *about)
    mark_complete(synced, *about)
    mark_complete(other, "another", None, "r1", "d1")
    (synced / "run-r1.wandb.synced").touch()
    assert find_complete(tmp_path, *about) == whole
    assert find_complete(tmp_path, "mine", None, "r1", "d2") is None, "it was made again"
    assert find_complete(tmp_path, "mine", "us", "r1", "d1") is None
    long_ago = time.time() - 2 * offline_files.SECONDS_UNTIL_ABANDONED
    os.utime(killed / "run-r1.wandb", (long_ago, long_ago))
    latest = tmp_path / "wandb" / "offline-run-20260109_000000-r1"
    latest.mkdir()
    offline_files.remove_superseded(tmp_path, "mine", None, "r1", latest)
    assert sorted(tmp_path.glob("wandb/*")) == [synced, other, fresh, latest]
    (synced / NOTE).write_text("[]")
    assert find_complete(tmp_path, *about) is None
    again = latest.with_name(f"{latest.name}-1")  # W&B's name for a second one within a second
    again.mkdir()
    (again / "run-r1.wandb").write_bytes(b"")
    mark_complete(again, *about)
    assert find_complete(tmp_path, *about) == again


def test_a_server_gets_what_it_lacks_once(
    folder: Path, server: LoopbackWandb, capsys: pytest.CaptureFixture[str]
) -> None:
    online = ("--project", "mine", "--mode", "online", "--timeout", "60")
    records = {one.run_id: one for one in read_all(folder)}  # type: ignore[union-attr]
    (refused,) = [one for one in records.values() if one.method == "poor" and one.seed == 1]
    server.fails = lambda operation, asked: (
        operation == "UpsertBucket" and asked["name"] == refused.run_id
    )
    assert push(folder, *online, "--tags", "night", "--group", "g") == 1
    shown = capsys.readouterr()
    assert "mine: 4 sent; 0 there already; 1 not sent" in shown.out
    (sentence,) = [one for one in shown.err.splitlines() if not one.startswith("wandb push · ")]
    assert f"run {refused.run_id} (poor grid/planted seed 1) was not sent" in sentence
    assert set(server.runs) == set(records) - {refused.run_id}
    run = server.runs[next(k for k, one in records.items() if one.method == "good")]
    assert run.state == "finished" and run.fields["groupName"] == "g"
    assert run.fields["tags"] == ["content", "inductive", "strict", "seed=0", "night"]
    assert run.summary["record/sha256"] == records[run.name].sha256
    assert run.summary["new_user/warm/k=1/ndcg@10"] == 0.5
    assert [one["training/losses"] for one in run.history[:2]] == [2, 1]
    (table,) = [name for name in run.files if name.startswith("media/table/per_k")]
    assert len(json.loads(run.files[table])["data"]) == 3
    failed = next(one for k, one in server.runs.items() if records[k].method == "broken")
    assert failed.state == "failed" and failed.summary["status"] == "failed"

    server.fails = lambda operation, asked: False
    run.state = "crashed"  # its end did not come
    assert push(folder, *online) == 0
    assert "mine: 2 sent; 3 there already" in capsys.readouterr().out
    assert push(folder, *online) == 0
    assert "mine: 0 sent; 5 there already" in capsys.readouterr().out
    assert set(server.runs) == set(records)
    assert {one.times for one in server.runs.values()} == {1, 2}
    assert [one.name for one in server.runs.values() if one.times == 2] == [run.name]
    sent = b"".join(server.requests)
    demand_absent(sent, CANARY, str(folder.parent), "otel")


@pytest.mark.parametrize("mode", ["500", "hang", "cut"])
def test_a_server_that_does_not_answer_costs_a_sentence(
    folder: Path, server: LoopbackWandb, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.mode = mode
    before = bytes_below(folder)
    for command in ("push", "leaderboard"):
        words = ["--results", str(folder), "--mode", "online", "--timeout", "2"]
        began = time.monotonic()
        assert cli.main(["wandb", command, *words]) == 1
        assert time.monotonic() - began < LONGEST
        lines = capsys.readouterr().err.splitlines()
        (message,) = [one for one in lines if not one.startswith("wandb push · ")]
        assert message.startswith("nothing was sent")
    assert bytes_below(folder) == before
    assert server.requests
    demand_absent(b"".join(server.requests), CANARY)


def test_words_that_do_not_fit_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(Path("nowhere")) == 2
    assert "no folder nowhere" in capsys.readouterr().err
    assert cli.main(["wandb", "pull"]) == 2
    assert "push" in capsys.readouterr().err
    assert push(folder, "--mode", "onlin") == 2
    assert "online" in capsys.readouterr().err
