"""A folder of configurations from another entity names no code and reads no environment."""

from collections.abc import Callable
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.benchmarks.plugins.foreign_code import ALLOW
from coldbench.datasets.errors import ColdbenchError

CANARY = "canary-7f3a"
EVIL = """
import logging
from pathlib import Path
from hydra.experimental.callback import Callback
Path("imported").touch()
class Evil(Callback):
    def __init__(self, **kwargs): Path("ran").touch()
class Handler(logging.Handler):
    def __init__(self, *a, **kw):
        super().__init__()
        Path("ran").touch()
"""
OVERLAYS = {
    "callback": "hydra: {callbacks: {evil: {_target_: evil_code.Evil}}}",
    "nested": (
        "hydra: {callbacks: {a: {_target_: hydra.experimental.callbacks.PickleJobInfoCallback, "
        "x: {_target_: evil_code.Evil}}}}"
    ),
    "a function of Hydra": (
        "hydra: {callbacks: {evil: {_target_: hydra.utils.get_object, path: os.system}}}"
    ),
    "through a module": (
        "hydra: {callbacks: {a: {_target_: hydra._internal.core_plugins.basic_launcher.logging}}}"
    ),
    "launcher": "hydra: {launcher: {_target_: evil_code.Evil}}",
    "sweeper": "hydra: {sweeper: {_target_: evil_code.Evil}}",
    "handler ()": "hydra: {job_logging: {handlers: {file: {(): evil_code.Handler}}}}",
    "handler class": "hydra: {job_logging: {handlers: {file: {class: evil_code.Handler}}}}",
    "hydra's logging": "hydra: {hydra_logging: {handlers: {console: {class: evil_code.Handler}}}}",
    "ext": "hydra: {job_logging: {handlers: {console: {stream: 'ext://evil_code.Evil'}}}}",
    "log file": "hydra: {job_logging: {handlers: {file: {filename: ran}}}}",
    "environment": "hydra: {job: {env_set: {PATH: /tmp}}}",
}


@pytest.fixture
def borrowed(
    workplace: Path, site: Path, fakes: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], list[str]]:
    """Write an overlay into a borrowed folder and return the words that use it."""
    (site / "evil_code.py").write_text(EVIL)
    monkeypatch.setenv("SECRET", CANARY)
    monkeypatch.delenv(ALLOW, raising=False)

    def put(text: str) -> list[str]:
        folder = workplace / "borrowed" / "experiment"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "theirs.yaml").write_text(f"# @package _global_\n{text}\n")
        return ["-cd", "borrowed", "+experiment=theirs"]

    return put


def traces() -> set[str]:
    return {one for one in ("imported", "ran") if Path(one).exists()}


@pytest.mark.parametrize("how", [[], ["-m"], ["--cfg", "job"]])
@pytest.mark.parametrize("what", OVERLAYS)
def test_code_of_a_borrowed_folder_is_refused(
    borrowed: Callable[[str], list[str]], words: list[str], what: str, how: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    argv = ["run", "method=by_index", *words, *borrowed(OVERLAYS[what]), *how]
    assert cli.main(argv) == 2
    assert traces() == set() and not Path("results").exists()
    message = capsys.readouterr().err
    assert "would run code that a configuration names" in message and f"set {ALLOW}=1" in message


def test_a_primary_configuration_is_no_way_round(
    borrowed: Callable[[str], list[str]], words: list[str]
) -> None:
    borrowed("{}")
    text = f"defaults: [run, _self_, override method: by_index]\n{OVERLAYS['handler class']}\n"
    Path("borrowed/mine.yaml").write_text(text)
    assert cli.main(["run", "-cd", "borrowed", "-cn", "mine", *words]) == 2
    argv = ["run", "hydra.searchpath=[file://borrowed]", "+experiment=theirs", *words]
    borrowed(OVERLAYS["callback"])
    assert cli.main([*argv, "method=by_index"]) == 2
    assert traces() == set()


def test_what_is_trusted_runs(
    borrowed: Callable[[str], list[str]], words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    argv = ["run", "method=by_index", *words]
    assert cli.main([*argv, "+hydra.callbacks.mine._target_=evil_code.Evil"]) == 0
    assert traces() == {"imported", "ran"}, "what is typed is the typist's own"
    Path("ran").unlink()
    monkeypatch.setenv(ALLOW, "1")
    assert cli.main([*argv, *borrowed(OVERLAYS["callback"])]) == 0
    assert traces() == {"imported", "ran"}


def test_what_hydra_and_its_plugins_name_stays_allowed(
    borrowed: Callable[[str], list[str]], words: list[str]
) -> None:
    text = """
hydra:
  callbacks: {log: {_target_: hydra.experimental.callbacks.LogJobReturnCallback}}
  job_logging: {handlers: {console: {class: logging.StreamHandler}}}
"""
    argv = ["run", "method=by_index", *words]
    assert cli.main([*argv, *borrowed(text)]) == 0
    launchers = "defaults: [{override /hydra/launcher: joblib}]\n" + text
    assert cli.main([*argv, *borrowed(launchers), "--cfg", "job"]) == 0


@pytest.mark.parametrize(
    "value",
    ["${oc.env:SECRET}", "a-${oc.env:SECRET}", "${oc.${x}:SECRET}", "${oc.decode:${oc.env:SECRET}}",
     "${hydra:job.env_set.SECRET}", "${now:${oc.env:SECRET}}", "${oc.env:NONE,${oc.env:SECRET}}"],
)  # fmt: skip
def test_a_run_takes_nothing_from_the_environment(
    borrowed: Callable[[str], list[str]], value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = "which a run's settings may not"
    with pytest.raises(ColdbenchError, match=message):
        compose_run(["method=random", f"results={value}"])
    for text in (
        f"dataset: {{name: '{value}'}}",
        f"dataset: {{columns: {{user: '{value}'}}}}",
        f"evaluation: {{metrics: ['{value}']}}",
    ):
        argv = ["run", "method=random", "dataset=files", "dataset.interactions=x.csv"]
        assert cli.main([*argv, *borrowed(text)]) == 2
        said = capsys.readouterr()
        assert message in said.err and CANARY not in said.err + said.out
    assert not Path("results").exists() and not Path("outputs").exists()


def test_settings_may_refer_to_each_other() -> None:
    run = compose_run(["method=random", "seed=3", "dataset=planted", "dataset.seed=${seed}"])
    assert run.dataset.seed == 3
