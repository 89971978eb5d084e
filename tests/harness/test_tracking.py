import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import RunConfig, compose_run
from coldbench.benchmarks.isolation.first_process import is_first_process
from coldbench.benchmarks.records.per_user_tables import rankings_path
from coldbench.benchmarks.records.record import RunRecord, read
from coldbench.benchmarks.runs.execute import execute
from coldbench.benchmarks.tracking import record_values
from coldbench.benchmarks.tracking.allowed import OWN_TEXT
from coldbench.benchmarks.tracking.none import NoTracking
from coldbench.benchmarks.tracking.wandb import Mode, WandbTracking
from coldbench.datasets.errors import ColdbenchError

Tiny = Callable[..., RunConfig]
CANARY = "CANARY7f3a"
NO_WANDB = "wandb is not installed; install coldbench[wandb] to read its offline files back"
needs_wandb = pytest.mark.skipif(find_spec("wandb") is None, reason=NO_WANDB)

LEARNER = f'''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from coldbench.methods.base import Family, Method


@dataclass
class Learner(Method):
    """Scores by index and reports a training."""

    family: ClassVar[Family] = Family.CONTENT
    rate: float = 0.5
    note: str = "plain"
    kind: str = "usual"

    def fit(self, train):
        return self

    def score_block(self, users, items):
        return np.tile(items.known.astype(np.float32), (len(users), 1))

    def report(self):
        log = {{"losses": [3.0, 2.0, float("nan"), 1.5], "validation": [[2, 0.1], [4, 0.3]]}}
        return {{"training": log | {{"best_epoch": 4}}, "weights": "/home/{CANARY}/model"}}
'''


class Offline:
    """One run of the command line with W&B, and what it left."""

    def __init__(self, folder: Path, results: Path) -> None:
        self.folder = folder
        paths = list(results.glob("*/*/*/*.json"))
        assert len(paths) == 1
        self.path, self.record = paths[0], read(paths[0])

    @property
    def run(self) -> Path:
        (found,) = self.folder.glob("wandb/offline-run-*")
        return found

    def inspect(self, *words: str) -> str:
        return inspected(next(self.run.glob("*.wandb")), *words)

    def events(self, kind: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.inspect().splitlines()]
        return [line[kind] for line in lines if line["type"] == kind]


def inspected(log: Path, *words: str) -> str:
    """Return what W&B's own reader finds in an offline file."""
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", *words, str(log)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _search_path() -> list[str]:
    """Return the folders in which a child looks for modules first."""
    return [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Offline:
    """A run from the command line with a canary wherever one could get in."""
    if find_spec("wandb") is None:
        pytest.skip(NO_WANDB)
    root = tmp_path_factory.mktemp("offline")
    results, home = root / f"{CANARY}-results", root / f"{CANARY}-home"
    info = root / "site" / "learner-1.0.dist-info"
    info.mkdir(parents=True)
    home.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: learner\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[coldbench.methods]\nlearner = learner:Learner\n")
    (root / "site" / "learner.py").write_text(LEARNER)
    words = [
        "method=learner", f"method.note={CANARY}-note", "dataset=planted", "dataset.n_users=80",
        "dataset.n_items=60", "evaluation.bootstrap=20", "evaluation.ks=[5,10]",
        "save_rankings=true", f"results={results}", f"hydra.run.dir={root}/{CANARY}-job",
        "tracking=wandb", "tracking.project=mine",
    ]  # fmt: skip
    secret = ("API_KEY", "NOTES", "NAME", "HOST", "USERNAME", "EMAIL", "RUN_GROUP")
    secrets = {f"WANDB_{name}": f"{CANARY}/SECRET" for name in secret} | {"MY_TOKEN": CANARY}
    environment = os.environ | secrets | {
        "WANDB_MODE": "online", "HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(root / "site"), *_search_path()]),
        "COLDBENCH_DATA": str(root / "data"),
    }  # fmt: skip
    work = root / "work"
    work.mkdir()
    command = [sys.executable, "-m", "coldbench", "run", *words]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert "wandb" not in done.stdout.lower()
    return Offline(work, results)


def test_every_scalar_of_the_record_is_in_the_offline_file(offline: Offline) -> None:
    message = json.loads(offline.inspect("--summary"))
    record, summary = offline.record, message["summary"]
    assert (message["run_id"], message["state"], message["project"]) == (
        record.run_id,
        "finished",
        "mine",
    )
    expected = {
        f"{task}/{name}": figure.mean
        for task, scores in record.scores.items()
        for name, figure in scores.items()
        if figure.mean is not None
    }
    assert len(expected) > 50
    assert {name: summary.get(name) for name in expected} == expected
    shown = {name for name in summary if "/k=" in name}
    assert shown == set(expected)
    assert record.cost is not None
    assert summary["cost/fit_seconds"] == record.cost.fit_seconds
    assert summary["status"] == "ok" and summary["training/best_epoch"] == 4


def test_a_run_is_filed_by_convention(offline: Offline) -> None:
    (run,) = offline.events("run")
    assert run["run_group"] == "grid/planted" and run["job_type"] == "learner"
    assert run["resume"] is True and run["run_id"] == offline.record.run_id
    assert run["tags"] == ["content", "inductive", "strict", "seed=0"]
    assert "host" not in run and "notes" not in run
    (end,) = offline.events("exit")
    assert end.get("exit_code", 0) == 0


def test_the_configuration_is_the_allow_list(offline: Offline) -> None:
    config, record = json.loads(offline.inspect("--summary"))["config"], offline.record
    method = {"name": "learner", "rate": 0.5, "note": OWN_TEXT, "kind": "usual"}
    assert config == record_values.make_configuration(record) | {"method": method}
    assert set(config) == {"method", "dataset", "scenario", "seed", "fingerprints", "versions"}
    assert config["dataset"] == {"name": "planted"} and config["scenario"]["track"] == "strict"
    assert config["fingerprints"]["data_sha256"] == record.data_sha256
    assert config["fingerprints"]["split_sha256"] == record.split_sha256
    # Here the plugin is not installed: none of its texts is known to be a default.
    here = record_values.make_configuration(record)["method"]
    assert here == method | {"kind": OWN_TEXT}


def test_curves_are_logged_over_their_epochs(offline: Offline) -> None:
    found: dict[str, dict[int, float]] = {"training/losses": {}, "training/validation": {}}
    for event in offline.events("history"):
        for name, curve in found.items():
            if name in event["item"]:
                assert event["step"]["num"] == event["item"]["epoch"]
                curve[event["item"]["epoch"]] = event["item"][name]
    assert found == {
        "training/losses": {1: 3.0, 2: 2.0, 4: 1.5},
        "training/validation": {2: 0.1, 4: 0.3},
    }


def test_tables_hold_every_figure(offline: Offline) -> None:
    (path,) = offline.run.glob("files/media/table/per_k_*.json")
    table = json.loads(path.read_text())
    assert table["columns"] == list(record_values.PER_K)
    assert table["data"] == record_values.list_values_per_k(offline.record)
    figure = offline.record.scores["new_item/cold/k=0"]["ndcg@10"]
    row = ["new_item/cold/k=0", "ndcg", 10, figure.mean, figure.low, figure.high, figure.n]
    assert row in table["data"]
    (path,) = offline.run.glob("files/media/table/slices_*.json")
    assert json.loads(path.read_text())["data"] == record_values.list_slices(offline.record)


def test_rankings_are_an_artifact_that_lies_in_the_run(offline: Offline) -> None:
    (artifact,) = offline.events("artifact")
    (entry,) = artifact["manifest"]["contents"]
    assert artifact["type"] == "rankings"
    assert artifact["name"] == f"rankings-{offline.record.run_id}"
    copy = offline.folder / entry["local_path"]
    assert not Path(entry["local_path"]).is_absolute()
    assert copy.read_bytes() == rankings_path(offline.path).read_bytes()


def test_the_canary_is_nowhere(offline: Offline) -> None:
    files = [path for path in (offline.folder / "wandb").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".wandb", ".json", ".parquet"}
    texts = [path.read_bytes() for path in files]
    texts.append(offline.inspect().encode())
    texts += [pl.read_parquet(path).write_csv().encode() for path in files if path.suffix[1] == "p"]
    assert len(texts) >= 5
    for secret in (CANARY, "SECRET", str(offline.folder.parent), sys.executable):
        assert not [text for text in texts if secret.encode() in text], secret
    assert CANARY in offline.path.read_text()  # the record itself is the user's own


@needs_wandb
def test_a_finished_run_is_sent_again_as_the_same_run(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = execute(tiny("by_index"))
    assert not Path("wandb").exists()
    again = execute(tiny("by_index", "tracking=wandb", "tracking.dir=kept/here"))
    assert again.skipped and again.record == first.record
    (log,) = Path("kept/here/wandb").glob("offline-run-*/*.wandb")
    message = json.loads(inspected(log, "--summary"))
    assert message["run_id"] == first.record.run_id and message["project"] == "coldbench"
    shown = {name: value for name, value in message["summary"].items() if "/k=" in name}
    means = record_values.collect_scalars(first.record)
    assert shown == {name: value for name, value in means.items() if "/k=" in name}


@needs_wandb
def test_a_failed_run_is_one_run_without_its_error(tiny: Tiny) -> None:
    for method in ("singular", "by_index"):  # one process, one run per record
        execute(tiny(method, "tracking=wandb"))
    logs = sorted(Path("wandb").glob("offline-run-*/*.wandb"))
    message = {one["name"].split()[0]: one for log in logs for one in [_summary(log)]}
    assert set(message) == {"singular", "by_index"}
    assert message["singular"]["summary"]["status"] == "failed"
    assert message["singular"]["exit_code"] == 1 and message["by_index"]["exit_code"] == 0
    assert "the matrix" not in json.dumps(message["singular"])


def _summary(log: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(inspected(log, "--summary"))
    return found


class Broken:
    """A W&B in which one step fails, and the steps it was asked for."""

    def __init__(self, step: str, error: BaseException) -> None:
        self.step, self.error, self.asked = step, error, list[str]()
        self.setup = lambda *_: None
        self.Settings = self.Table = self.Artifact = lambda *_, **__: SimpleNamespace(
            bind_to_run=lambda *_: None
        )

    def init(self, **_: Any) -> Any:
        self._ask("init")
        return SimpleNamespace(
            dir="files",
            define_metric=lambda *_, **__: None,
            log=lambda *_, **__: self._ask("log"),
            summary={},
            finish=lambda **_: self._ask("finish"),
        )

    def _ask(self, step: str) -> None:
        self.asked.append(step)
        if step == self.step:
            raise self.error


def record_of(words: list[str]) -> RunRecord:
    (path,) = Path("results").glob("*/*/*/*.json")
    return read(path)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("absent", ImportError("no wandb")),
        ("init", RuntimeError("the service died")),
        ("init", SystemExit(1)),
        ("log", ValueError("no such step")),
        ("finish", TimeoutError("not sent")),
    ],
)
def test_a_broken_wandb_costs_one_sentence(
    workplace: Path,
    fakes: None,
    words: list[str],
    step: str,
    error: BaseException,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["run", "method=by_index", *words]) == 0
    plain = record_of(words)
    shutil.rmtree("results")
    capsys.readouterr()
    broken = Broken(step, error)
    monkeypatch.setitem(sys.modules, "wandb", None if step == "absent" else broken)
    assert cli.main(["run", "method=by_index", *words, "tracking=wandb"]) == 0
    tracked, message = record_of(words), capsys.readouterr().err
    assert tracked.run_id == plain.run_id and tracked.scores == plain.scores
    assert tracked.config == plain.config and tracked.status is plain.status
    assert (
        message.count("\n") == 1 and plain.run_id in message and "sends its record again" in message
    )
    assert step in ("absent", "init") or broken.asked[-1] == "finish"


@pytest.mark.parametrize("source", ["config-defaults.yaml", "WANDB_CONFIG_PATHS"])
def test_what_wandb_would_add_is_refused(
    tiny: Tiny, source: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path("config-defaults.yaml" if source.endswith("yaml") else "more.yaml")
    file.write_text(f"token:\n  value: {CANARY}\n")
    if not source.endswith("yaml"):
        monkeypatch.setenv(source, str(file))
    broken = Broken("none", ValueError())
    monkeypatch.setitem(sys.modules, "wandb", broken)
    run = execute(tiny("by_index", "tracking=wandb"))
    assert run.path.exists() and broken.asked == []
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and source in message and CANARY not in message


def test_tracking_is_no_part_of_a_run(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    plain, tracked = tiny("by_index"), tiny("by_index", "tracking=wandb", "tracking.project=other")
    assert execute(plain).record.run_id == execute(tracked).record.run_id


def test_none_is_the_default_and_imports_nothing(workplace: Path) -> None:
    code = (
        "import sys; from coldbench.benchmarks.config.run_config import compose_run; "
        "from coldbench.benchmarks.runs.execute import execute; "
        "words = ['method=popularity', 'dataset=planted', 'dataset.n_users=40', "
        "'dataset.n_items=30', 'evaluation.bootstrap=0']; "
        "run = execute(compose_run(words)); assert run.record.status.value == 'ok', run.record; "
        "sys.exit('wandb' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    assert compose_run(["method=popularity"]).tracking == NoTracking()


def test_the_settings_are_read_and_mistakes_are_told() -> None:
    words = ["method=random", "tracking=wandb"]
    assert compose_run(words).tracking == WandbTracking("coldbench", None, Mode.OFFLINE, None)
    given = compose_run([*words, "tracking.mode=online", "tracking.entity=us"]).tracking
    assert given == WandbTracking(entity="us", mode=Mode.ONLINE)
    with pytest.raises(ColdbenchError, match="offline, online"):
        compose_run([*words, "tracking.mode=onlin"])
    with pytest.raises(ColdbenchError, match="did you mean wandb"):
        compose_run(["method=random", "tracking=wandbb"])


@pytest.mark.parametrize(
    ("variables", "first"),
    [({}, True), ({"RANK": "0"}, True), ({"LOCAL_RANK": "1"}, False), ({"RANK": "2"}, False),
     ({"RANK": "4", "LOCAL_RANK": "0"}, False), ({"SLURM_PROCID": "0"}, True)],
)  # fmt: skip
def test_the_first_process_alone_sends(
    variables: dict[str, str], first: bool, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    sent: list[str] = []
    monkeypatch.setattr(WandbTracking, "send", lambda self, record, _: sent.append(record.run_id))
    run = execute(tiny("by_index", "tracking=wandb"))
    assert is_first_process() is first
    assert sent == ([run.record.run_id] if first else [])


def test_texts_that_are_typed_are_not_shown(tiny: Tiny) -> None:
    record = execute(tiny("by_index", "method.order=DOWN")).record
    assert record_values.make_configuration(record)["method"] == {
        "name": "by_index", "weight": 1.0, "order": "down", "layers": [2, 3],
    }  # fmt: skip
    assert record_values.make_configuration(record)["scenario"]["side_information"] == "inductive"
    secret = record.config["method"] | {"order": CANARY, "layers": [CANARY], "more": {"a": CANARY}}
    shown = record_values.make_configuration(
        record.model_copy(update={"config": record.config | {"method": secret}})
    )
    assert CANARY not in json.dumps(shown)


@pytest.mark.parametrize(
    ("value", "curve"),
    [
        ([1, 0.5], {1: 1.0, 2: 0.5}),
        ([1.0, None, 2.0], {1: 1.0, 3: 2.0}),
        ([[0, 0.1], [5, 0.2]], {0: 0.1, 5: 0.2}),
        ([[1, 2, 3], [4, 5, 6]], {}),
        (["a", "b"], {}),
        ([[0.5, 1.0]], {}),
        ([], {}),
        ([None], {}),
        ("text", {}),
        ([True, False], {}),
    ],
)
def test_what_counts_as_a_curve(tiny: Tiny, value: Any, curve: dict[int, float]) -> None:
    record = execute(tiny("by_index")).record.model_copy(update={"training": {"a": {"b": value}}})
    assert record_values.collect_curves(record) == ({"training/a/b": curve} if curve else {})
