"""What is advised after a mistake is typed as it stands there, and works."""

import shlex
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.datasets.errors import ColdbenchError

KNN = ["method=content_knn"]
FILES = [*KNN, "dataset=files"]


@pytest.mark.parametrize(
    ("context", "word", "advised"),
    [
        (FILES, "dataset.interactions=a, b.csv", """ "dataset.interactions='a, b.csv'" """),
        (FILES, "dataset.interactions=a=b.csv", """ "dataset.interactions='a=b.csv'" """),
        (FILES, "dataset.interactions=/t/a (1)/x", """ "dataset.interactions='/t/a (1)/x'" """),
        (FILES, "dataset.interactions=It's", """ "dataset.interactions='It\\'s'" """),
        (FILES, "dataset.interactions=a!b", """ 'dataset.interactions="a!b"' """),
        (FILES, "dataset.interactions=[x]", """ "dataset.interactions='[x]'" """),
        (FILES, "dataset.columns={user:x,item=y}", ' "dataset.columns={user:x,item:y}"'),
        (FILES, "dataset.columns={user:x,item:y", ' "dataset.columns={user:x,item:y}"'),
        (KNN, "results=~/my results", """ "results='~/my results'" """),
        (KNN, "results='a", " results=a"),
        (KNN, "method = item_knn", " method=item_knn"),
        ([], "popularity", " method=popularity"),
        (KNN, "planted", " dataset=planted"),
        (KNN, "seed", " seed=0"),
        (KNN, "seed=", " seed=0"),
        (KNN, "seed=null", " seed=0"),
        (KNN, "+seed=3", " seed=3"),
        (KNN, "+method.neighbours=3", " method.neighbours=3"),
        (KNN, "+dataset=planted", " dataset=planted"),
        (KNN, "experiment=first_run", " +experiment=first_run"),
        (KNN, "method.weighting=None", " method.weighting=none"),
        (KNN, "time_limit=None", " time_limit=null"),
        (KNN, "time_limit=1h", " time_limit=3600"),
        (KNN, "scenario.shots=0,5", ' "scenario.shots=[0,5]"'),
        (KNN, "scenario.shots=(0,5)", ' "scenario.shots=[0,5]"'),
        (KNN, "scenario.shots=0 5", ' "scenario.shots=[0,5]"'),
        (KNN, "scenario.shots=[0,5", ' "scenario.shots=[0,5]"'),
        (KNN, "seed=0,1", " -m seed=0,1"),
        (KNN, "seed=0-2", ' -m "seed=range(0,3)"'),
        (KNN, "seed=range(0,2)", ' -m "seed=range(0,2)"'),
        ([], "method=item_knn,user_knn", " -m method=item_knn,user_knn"),
        (KNN, "hydra.searchpath=/tmp", ' "hydra.searchpath=[file:///tmp]"'),
    ],
)
def test_the_advised_words_work(
    workplace: Path, words: list[str], context: list[str], word: str, advised: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with pytest.raises(ColdbenchError) as error:
        compose_run([*context, word])
    message = str(error.value)
    assert message.endswith(f"write {advised.strip()}") and "\n" not in message
    typed = shlex.split(message.rpartition("write ")[2])
    kept = [one for one in context if one.split("=")[0] != typed[-1].split("=")[0]]
    if not any(one.startswith("method=") for one in [*kept, *typed]):
        kept.append("method=random")
    how = words if "-m" in typed else ["--cfg", "job"]
    assert cli.main(["run", *kept, *typed, *how]) == 0
    assert ("runs: " if "-m" in typed else "method:") in capsys.readouterr().out


def test_three_words_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "method", "=", "item_knn"]) == 2
    message = capsys.readouterr().err.strip()
    assert message.endswith("without spaces: write method=item_knn")


@pytest.mark.parametrize("word", ["method", "method=", "method=null", "~method"])
def test_no_choice_lists_what_there_is(word: str) -> None:
    with pytest.raises(ColdbenchError, match=r"^no method is chosen; write method=<name>, there "):
        compose_run([word])


def test_what_is_taken_away_is_left_out() -> None:
    with pytest.raises(ColdbenchError, match=r"leave '~method.neighbours' out, and it has its def"):
        compose_run([*KNN, "~method.neighbours"])


def test_a_mapping_is_set_without_a_plus() -> None:
    for words in (["dataset.columns={user:u,item:i}"],
                  ["dataset.columns.user=u", "dataset.columns.item=i"]):  # fmt: skip
        run = compose_run([*FILES, "dataset.interactions=x.csv", *words])
        assert run.dataset.columns == {"user": "u", "item": "i"}
