"""No secret and no refused word is in a file that a run leaves."""

import json
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.masking import MASK, Mask, is_secret_name, mask_settings
from coldbench.benchmarks.records.record import RunRecord, read_all

CANARY = "CANARY7f3a"
LEAKY = '''
import os
from dataclasses import dataclass
from coldbench_fakes import ByIndex


@dataclass
class Leaky(ByIndex):
    """Is told secrets, and tells them."""

    api_key: str = ""
    note: str = "plain"
    fails: bool = False

    def __post_init__(self):
        if self.note.startswith("refused"):
            raise ValueError(f"the note {self.note} is not offered")

    def fit(self, train):
        if self.fails:
            raise ValueError(f"the service refused {self.api_key} and {os.environ['MY_TOKEN']}")
        return super().fit(train)

    def report(self):
        return {"service": f"opened with {self.api_key}", "steps": 3}
'''


@pytest.fixture
def leaky(
    workplace: Path, fakes: None, install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A method that is given a key and shows it, and a secret in the environment."""
    install("leaky", "[coldbench.methods]\nleaky = coldbench_fakes_leaky:Leaky\n",
            coldbench_fakes_leaky=LEAKY)  # fmt: skip
    monkeypatch.setenv("MY_TOKEN", f"{CANARY}-environment")


def leaks() -> list[str]:
    """Return the files below the working folder that hold the canary."""
    found = [path for path in Path().rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" for path in found)
    return [str(path) for path in found if CANARY.encode() in path.read_bytes()]


@pytest.mark.parametrize("sweep", [[], ["-m"]])
@pytest.mark.parametrize("fails", ["true", "false"])
@pytest.mark.parametrize(
    "secret", [f"method.api_key={CANARY}-typed", f"method.note=sk-{CANARY}0123456789"]
)
def test_a_secret_on_the_command_line_is_in_no_file(
    leaky: None, words: list[str], sweep: list[str], fails: str, secret: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    argv = ["run", *sweep, "method=leaky", secret, f"method.fails={fails}", *words]
    assert cli.main(argv) == int(fails == "true")
    assert leaks() == []
    message = capsys.readouterr()
    assert CANARY not in message.out + message.err
    (record,) = read_all(Path("results"))
    assert isinstance(record, RunRecord) and MASK in record.config["method"].values()
    log = next(Path("outputs").rglob("run.log")).read_text()
    assert f"{secret.split('=')[0]}={MASK}" in log and "n_users=80" in log
    assert "(masked)" in next(Path("outputs").rglob(".hydra/config.yaml")).read_text()
    assert cli.main(argv) == int(fails == "true"), "the record is found again"
    assert len(list(read_all(Path("results")))) == 1


@pytest.mark.parametrize("sweep", [[], ["-m"]])
@pytest.mark.parametrize(
    "word", [f"+surprise={CANARY}", f"method.note=refused-{CANARY}", f"+method.more=[{CANARY},b]"]
)
def test_a_refused_word_is_in_no_file(
    leaky: None, words: list[str], sweep: list[str], word: str
) -> None:
    assert cli.main(["run", *sweep, "method=leaky", word, *words]) in (1, 2)
    assert leaks() == [] and not Path("results").exists()
    log = next(Path("outputs").rglob("run.log")).read_text()
    assert "started: method=leaky" in log and MASK in log and "n_users=80" in log


def test_words_that_no_job_could_be_made_of_are_in_no_file(
    leaky: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A sweep of which one job lacks the field: refused while Hydra composes its jobs."""
    argv = ["run", "-m", "method=leaky,random", f"method.note={CANARY}", *words]
    assert cli.main(argv) == 2
    assert [path.name for path in Path().rglob("*.yaml")] == ["multirun.yaml"]
    assert [str(path) for path in Path().rglob("*") if path.is_file()
            and CANARY.encode() in path.read_bytes()] == []  # fmt: skip


def test_a_secret_in_an_overlay_is_in_no_file(leaky: None, words: list[str]) -> None:
    borrowed = Path("..", "borrowed", "method")
    borrowed.mkdir(parents=True)
    (borrowed / "mine.yaml").write_text(
        f"defaults: [leaky, _self_]\napi_key: {CANARY}-file\nfails: true\n"
    )
    search = f"hydra.searchpath=[file://{borrowed.parent.resolve()}]"
    assert cli.main(["run", "method=mine", search, *words]) == 1
    assert leaks() == []


@pytest.mark.skipif(find_spec("wandb") is None, reason="wandb is not installed")
def test_a_mirrored_run_tells_no_secret(leaky: None, words: list[str]) -> None:
    argv = ["run", "method=leaky", f"method.api_key={CANARY}-typed", "tracking=wandb", *words]
    assert cli.main(argv) == 0
    assert list(Path("wandb").rglob("*.wandb")) and leaks() == []


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("api_key", True), ("method.token", True), ("hub-tokens", True), ("db_password", True),
        ("tokenizer", False), ("max_tokens_kept", False), ("monkey", False), ("keyframe", False),
        ("author", False),
    ],
)  # fmt: skip
def test_which_names_are_those_of_secrets(name: str, secret: bool) -> None:
    assert is_secret_name(name) is secret


def test_numbers_and_other_settings_are_left_alone() -> None:
    settings = {"max_tokens": 256, "token": None, "revision": "c" * 40, "path": "a/b", "ks": [5]}
    assert mask_settings(settings) == settings
    assert mask_settings({"key": {"a": "x", "n": 1}}) == {"key": {"a": MASK, "n": 1}}
    text = "method.max_tokens=256 token: 12\n  max_tokens: 256\n  revision: " + "c" * 40
    assert Mask().text(text) == text
    assert Mask().text("+api_key=abc method=x") == f"+api_key={MASK} method=x"
    assert Mask().text("  hub_token: abc\n  k: 1") == f"  hub_token: {MASK}\n  k: 1"


def test_what_a_mask_makes_of_json_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"A_SECRET": "shown nowhere"})
    content = [{"method": "m +api_key=abc", "reason": 'he said "shown nowhere"', "seed": 1}]
    shown = json.loads(Mask.of({"token": "n"}).text(json.dumps(content)))
    assert shown == [{"method": f"m +api_key={MASK}", "reason": f'he said "{MASK}"', "seed": 1}]
