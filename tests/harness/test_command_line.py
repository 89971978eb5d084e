import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from coldbench import __version__
from coldbench.benchmarks.bench.startup import with_compiled
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.overlays import read_experiments, read_presets

CONF = Path(__file__).parents[2] / "conf"
HEAVY = [
    "torch", "pytorch_lightning", "transformers", "peft", "sentence_transformers", "implicit",
    "lightfm", "wandb", "sknetwork", "numba", "polars", "pyarrow", "pandas", "matplotlib",
    "pooch", "statsmodels", "scipy.stats", "hydra",
]  # fmt: skip
PROBE = """
import json, sys
from coldbench.benchmarks.cli.main import main
status = main(sys.argv[1:])
print(json.dumps([status, sorted(sys.modules)]))
"""


def probe(*argv: str) -> tuple[int, list[str], str]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *argv], capture_output=True, text=True, check=True
    )
    *text, last = done.stdout.splitlines()
    status, modules = json.loads(last)
    return status, modules, "\n".join(text)


def test_list_imports_every_class_and_nothing_heavy() -> None:
    status, modules, text = probe("list")
    assert status == 0
    assert "coldbench.methods.language.finetuned_encoder.method" in modules
    assert [name for name in HEAVY if name in modules] == []
    assert "implicit_als" in text and "movietweetings" in text and "not offered" not in text


def test_help_imports_not_even_numpy() -> None:
    status, modules, text = probe("--help")
    assert status == 0 and "numpy" not in modules and "rich" not in modules
    assert all(command in text for command in cli.COMMANDS)


@pytest.mark.parametrize("argv", [["--help"], ["list"], ["--version"]])
def test_the_answer_comes_at_once(argv: list[str], tmp_path: Path) -> None:
    """In less than twice the time of importing numpy and scipy.sparse, which reading classes takes.

    Processor time, in turns: what the machine does next to the test must not fail it. Modules are
    compiled before, as after a user's first call.
    """
    environment = with_compiled(str(tmp_path), os.environ)

    def once(*words: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], capture_output=True, check=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    bare = ours = float("inf")
    for turn in range(12):  # the least of each counts: caches that others fill disturb both
        bare = min(bare, once("-c", "import numpy, scipy.sparse"))
        ours = min(ours, once("-m", "coldbench", *argv))
        if turn >= 3 and ours < 2 * bare:
            break
    assert ours < 2 * bare


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"coldbench {__version__}\n"
    assert cli.main([]) == cli.main(["help"]) == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["leaderbord"], "no command 'leaderbord'; did you mean leaderboard? there are: check, "),
        (["publish"], "no command 'publish'; there are: "),
        (["list", "method"], "no kind 'method'; did you mean methods? there are: datasets, e"),
        (["list", "presets", "bm25"], "no preset 'bm25'; did you mean content_knn_bm25 or word_k"),
        (["list", "experiments", "x"], "no experiment 'x'; there are: all_methods, first_run, "),
        (
            ["list", "methods", "als"],
            "no method 'als'; did you mean ials or ials_2022 or implicit_als? there are: ",
        ),
        (["list", "a", "b", "c"], "list takes a kind and a name, not 'a b c'"),
        (["demo", "quick"], "demo takes words such as threads=2, not 'quick'"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(argv) == 2
    err = capsys.readouterr().err
    assert err.startswith(message) and err.count("\n") == 1


def test_every_command_is_there_and_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command in cli.COMMANDS:
        try:
            assert cli.main([command, "--help"]) == 0
        except SystemExit as end:
            assert end.code == 0
        assert len(capsys.readouterr().out.splitlines()) > 2


def test_list_shows_what_a_method_declares(fakes: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "methods"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "Scores a candidate by its place" in lines["by_index"]
    assert "(coldbench-fakes)" in lines["by_index"] and "(coldbench)" not in lines["random"]
    assert "item_features" in lines["content_knn"] and "item" in lines["content_knn"]
    assert cli.main(["list", "methods", "by_index"]) == 0
    message = capsys.readouterr().out
    assert "factor of every score" in message and "[2, 3]" in message


def test_list_says_what_is_not_offered(install: object, capsys: pytest.CaptureFixture[str]) -> None:
    install("bad", "[coldbench.methods]\nbad = coldbench_fakes_x:X\n",  # type: ignore[operator]
            coldbench_fakes_x="import sys; sys.exit('no licence')")  # fmt: skip
    assert cli.main(["list", "methods"]) == 0
    out = capsys.readouterr().out
    assert "bad is not offered: its import called sys.exit(no licence)" in out
    assert "popularity" in out


def test_list_shows_presets_beside_the_methods(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["methods"], ["presets"], []):
        assert cli.main(["list", *words]) == 0
        message = capsys.readouterr().out
        rows = {line.split()[0]: line.split() for line in message.splitlines() if line.strip()}
        if words:  # the list of everything says what a preset is, not what it changes
            assert rows["content_knn_bm25"][1:3] == ["content_knn", "weighting=bm25"]
        assert "Content kNN with the weights of BM25" in message
        assert ("kernel_ridge" in rows) == (words != ["presets"])
    assert "first_run" in rows
    for kind in ("methods", "presets"):
        assert cli.main(["list", kind, "content_knn_bm25"]) == 0
        message = capsys.readouterr().out
        assert "Of content_knn, with weighting=bm25." in message and " bm25 " in message


def test_list_shows_what_an_experiment_sets(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "experiments"]) == 0
    message = capsys.readouterr().out
    assert "dataset=citeulike-a scenario=grid scenario.track=open" in message
    assert all(path.stem in message for path in (CONF / "experiment").glob("*.yaml"))
    assert cli.main(["list", "experiments", "open_track"]) == 0
    assert "and runs: popularity_regression, content_knn, word_knn, " in capsys.readouterr().out


@pytest.mark.parametrize("group", ["method", "experiment"])
def test_every_overlay_says_in_one_line_what_it_is(group: str) -> None:
    read = {"method": read_presets, "experiment": read_experiments}[group]()
    assert set(read) == {path.stem for path in (CONF / group).glob("*.yaml")}
    assert all(10 < len(one.what) < 240 and one.changes for one in read.values())


def test_the_package_is_a_program(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "coldbench", "--version"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, f"coldbench {__version__}\n")
    wrong = subprocess.run([sys.executable, "-m", "coldbench", "lst"], capture_output=True)
    assert wrong.returncode == 2
