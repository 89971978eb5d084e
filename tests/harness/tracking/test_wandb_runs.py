"""`coldbench run` with W&B: servers that misbehave, sweeps of `wandb agent`, and leaderboards."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.cli.agent_words import read_agent_words
from coldbench.benchmarks.config.run_config import RunConfig, compose_run
from coldbench.benchmarks.records.per_user_tables import rankings_path
from coldbench.benchmarks.records.record import read
from coldbench.benchmarks.runs.execute import execute
from coldbench.benchmarks.tracking import board_run, session
from coldbench.benchmarks.tracking.board_run import BoardsSent
from coldbench.benchmarks.tracking.destination import Destination
from coldbench.benchmarks.tracking.known_runs import list_missing
from coldbench.benchmarks.tracking.wandb import WandbTracking
from coldbench.benchmarks.tuning.fit_trial import find_objective
from coldbench.datasets.errors import ColdbenchError

from .conftest import (  # type: ignore[import-not-found]
    CANARY,
    SECRETS,
    demand_absent,
    offline_runs,
)
from .loopback import LoopbackWandb  # type: ignore[import-not-found]

pytestmark = [pytest.mark.xdist_group("wandb"), pytest.mark.timeout(1200)]
Tiny = Callable[..., RunConfig]
ONLINE = ("tracking=wandb", "tracking.mode=online", "tracking.project=mine")
SWEEP = """
program: coldbench
method: grid
metric: {name: validation/mean, goal: maximize}
parameters:
  method: {value: by_index}
  method.weight: {values: [0.5, 2.0]}
  save_rankings: {value: false}
  tracking.entity: {value: null}
command: ["${env}", coldbench, run, tracking=wandb, tracking.mode=online, "${args_no_hyphens}"]
"""


def words_of(sweep: str, macro: str) -> list[str]:
    """Return the words that W&B's own agent makes of the first run of a sweep."""
    utils = pytest.importorskip("wandb.sdk.launch.sweeps.utils")
    import yaml

    parameters = yaml.safe_load(sweep)["parameters"]
    args = {name: {"value": one.get("value", one.get("values", [None])[0])}
            for name, one in parameters.items()}  # fmt: skip
    made: list[str] = utils.create_sweep_command_args({"args": args})[macro]
    return made


@pytest.mark.parametrize("mode", ["500", "hang", "cut"])
def test_a_run_ends_in_time_whatever_the_server_does(
    tiny: Tiny, server: LoopbackWandb, mode: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    server.mode = mode
    began = time.monotonic()
    run = execute(tiny("by_index", *ONLINE, "tracking.timeout=2", f"results={CANARY}-results"))
    assert time.monotonic() - began < 600
    assert read(run.path).status.value == "ok"
    lines = capsys.readouterr().err.splitlines()
    (message,) = [one for one in lines if one.startswith("warning: ")]
    assert run.path.stem in message and "was not mirrored" in message
    assert server.requests
    demand_absent(b"".join(server.requests), CANARY)


def test_a_run_has_the_tags_group_and_notes_that_were_typed(
    tiny: Tiny, server: LoopbackWandb, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (SECRETS | {"SERVICE_API_KEY": f"{CANARY}-api-key"}).items():
        monkeypatch.setenv(name, value)
    words = (
        "tracking.tags=[a,b]",
        "tracking.group=night",
        f"tracking.notes='see {CANARY}-api-key'",
    )
    words += (f"results={CANARY}-results", "tracking.timeout=60", "save_rankings=true")
    run = execute(tiny("by_index", *ONLINE, *words))
    sent = server.runs[run.record.run_id]
    assert sent.fields["tags"][-2:] == ["a", "b"] and sent.fields["groupName"] == "night"
    assert sent.fields["notes"] == "see (masked)"
    assert sent.settings["fingerprints"]["run_id"] == run.record.run_id
    groups = run.record.validation["groups"]
    assert {n: sent.summary[f"validation/{n}"] for n in groups} == groups
    assert sent.summary["validation/mean"] == find_objective(groups, "mean")
    (rankings,) = server.artifacts.values()
    assert rankings["artifactCollectionName"] == f"rankings-{run.record.run_id}"
    assert rankings["files"]["rankings.parquet"] == rankings_path(run.path).read_bytes()
    demand_absent(b"".join(server.requests), CANARY, str(Path.cwd()))


def test_a_run_of_an_agent_is_the_one_that_the_server_named(
    tiny: Tiny, server: LoopbackWandb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import wandb

    wandb.teardown()  # an agent's process is a new one
    given = tmp_path / "config.yaml"
    given.write_text("wandb_version: 1\nmethod:\n  value: by_index\n")
    agent = {"SWEEP_ID": "s1", "RUN_ID": "named-by-server", "PROJECT": "swept", "ENTITY": "me",
             "SWEEP_PARAM_PATH": str(given)}  # fmt: skip
    with monkeypatch.context() as patch:
        for name, value in agent.items():
            patch.setenv(f"WANDB_{name}", value)
        run = execute(tiny("by_index", *ONLINE, "tracking.timeout=60"))
    wandb.teardown()
    (sent,) = server.runs.values()
    assert (sent.name, sent.project, sent.state) == ("named-by-server", "swept", "finished")
    assert sent.fields["sweep"] == "s1" and sent.settings["method"] == "by_index"
    assert sent.settings["coldbench"]["fingerprints"]["run_id"] == run.record.run_id
    to = Destination(project="swept", mode=session.Mode.ONLINE, timeout=60)
    assert list_missing(to, [run.record]) == [], "push knows it by its record"


def test_the_words_of_an_agent_are_a_run(
    workplace: Path, fakes: None, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_SWEEP_ID", "s1")
    sent: list[Any] = []
    monkeypatch.setattr(WandbTracking, "send", lambda self, record, _: sent.append((self, record)))
    for macro in ("args_no_hyphens", "args"):
        passed = words_of(SWEEP, macro)
        assert passed[0] == (
            "method=by_index" if macro == "args_no_hyphens" else "--method=by_index"
        )
        assert cli.main(["run", "tracking=wandb", *passed, *words]) == 0
    (tracking, first), (_, second) = sent
    assert first.config["method"]["weight"] == 0.5 and tracking.entity is None
    assert first.run_id == second.run_id


def test_words_are_an_agents_under_an_agent_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    argv = ["--method=a", "--config-name=own", "-m", "seed=None", "note=NoneSuch"]
    options = ["--config-name", "--multirun"]
    monkeypatch.delenv("WANDB_SWEEP_ID", raising=False)
    assert read_agent_words(argv, options) == argv
    monkeypatch.setenv("WANDB_SWEEP_ID", "s1")
    expected = ["method=a", "--config-name=own", "-m", "seed=null", "note=NoneSuch"]
    assert read_agent_words(argv, options) == expected


def test_settings_that_an_agent_left_behind_are_refused(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_SWEEP_PARAM_PATH", "more.yaml")
    with pytest.raises(ColdbenchError, match="WANDB_SWEEP_PARAM_PATH"):
        session.refuse_additions()
    monkeypatch.setenv("WANDB_SWEEP_ID", "s1")
    session.refuse_additions()


def test_the_leaderboards_follow_a_sweep_and_a_run(
    workplace: Path, fakes: None, words: list[str],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(WandbTracking, "send", lambda *_: True)
    sent: list[tuple[Any, list[str]]] = []

    def send(to: Any, home: Path) -> BoardsSent:
        sent.append((to, sorted(one.stem for one in home.glob("*/*/*/*.json"))))
        if len(sent) == 3:
            raise TimeoutError("no answer")
        return BoardsSent(1, 1, True, "")

    monkeypatch.setattr(board_run, "send_boards", send)
    tracked = ["tracking=wandb", "tracking.project=mine", "results=there", *words]
    assert cli.main(["run", "method=by_index", *tracked]) == 0 and sent == []
    shown = [*tracked, "tracking.leaderboard=true"]
    assert cli.main(["run", "-m", "method=by_index", "seed=0,1", *shown]) == 0
    ((to, records),) = sent
    assert to.project == "mine" and len(records) == 2, "once, when all of them are there"
    assert cli.main(["run", "method=by_index", "seed=2", *shown]) == 0 and len(sent) == 2
    capsys.readouterr()
    assert cli.main(["run", "method=by_index", "seed=3", *shown]) == 0
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "TimeoutError: no answer" in message
    assert "coldbench wandb leaderboard" in message and len(sent[2][1]) == 4


def test_the_settings_of_a_destination_are_typed() -> None:
    words = ["method=random", "tracking=wandb", "tracking.tags=[a,b]", "tracking.leaderboard=true"]
    found = compose_run(words).tracking
    assert found == WandbTracking(tags=["a", "b"], leaderboard=True)
    with pytest.raises(ColdbenchError, match="at least 1"):
        compose_run([*words, "tracking.timeout=0"])


def test_offline_a_run_that_is_there_is_not_written_again(tiny: Tiny) -> None:
    pytest.importorskip("wandb")
    for _ in range(2):
        execute(tiny("by_index", "tracking=wandb"))
    (held,) = offline_runs()
    assert json.loads((held / "coldbench.json").read_text())["project"] == "coldbench"
