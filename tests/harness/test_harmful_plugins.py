"""Plugins that do harm, in one sweep with honest methods: nobody else's run is another for it."""

import logging
import os
import random
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import RunConfig, compose_run
from coldbench.benchmarks.conformance.test_splits import list_view_parts
from coldbench.benchmarks.isolation.process_state import keep_process_state
from coldbench.benchmarks.isolation.read_only import make_read_only
from coldbench.benchmarks.records.record import read_all
from coldbench.benchmarks.runs import kept_splits
from coldbench.benchmarks.runs.execute import execute
from coldbench.benchmarks.runs.kept_splits import split_once
from coldbench.datasets.hashing import hash_content

HONEST = ("item_knn", "content_knn", "popularity")
HARMFUL = '''
import os, random, sys, time, warnings
from dataclasses import dataclass

import numpy as np
from coldbench_fakes import ByIndex


@dataclass
class Unlocks(ByIndex):
    """Makes its input writable and writes."""

    def fit(self, train):
        for array in (train.interactions.users, train.interactions.csr.indices,
                      train.items.features.data, train.items.text):
            array.setflags(write=True)
            array[:] = array[0]
        return super().fit(train)


@dataclass
class Exchanges(ByIndex):
    """Puts other arrays into the matrices it is given, while it fits and while it scores."""

    def fit(self, train):
        for matrix in (train.interactions.csr, train.users.history, train.items.features):
            matrix.data = np.zeros_like(matrix.data)
            matrix.indices = np.zeros_like(matrix.indices)
        train.__dict__["item_counts"] = np.zeros(len(train.items), dtype=np.int64)
        object.__setattr__(train, "graph", None)
        return super().fit(train)

    def score_block(self, users, items):
        for matrix in (users.history, users.features, items.features, items.history):
            matrix.data = np.zeros_like(matrix.data)
        object.__setattr__(items, "text", None)
        return super().score_block(users, items)


@dataclass
class WrongShape(ByIndex):
    def score_block(self, users, items):
        return np.zeros((1, 1), dtype=np.float32)


@dataclass
class Sleeps(ByIndex):
    def fit(self, train):
        time.sleep(3600)


@dataclass
class Panics(ByIndex):
    """Raises what is not an Exception, as a library in Rust does."""

    def fit(self, train):
        raise GeneratorExit("panicked")


@dataclass
class Turns(ByIndex):
    """Changes what the whole process shares."""

    def fit(self, train):
        import logging, torch

        np.random.seed(7)
        random.seed(7)
        np.seterr(all="raise")
        warnings.simplefilter("error")
        os.environ["OMP_NUM_THREADS"] = "3"
        os.environ["COLDBENCH_RESULTS"] = "elsewhere"
        os.environ.pop("COLDBENCH_DATA")
        os.mkdir("inner")
        os.chdir("inner")
        sys.path.insert(0, "nowhere")
        sys.stdout = sys.__stderr__
        logging.disable(logging.CRITICAL)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.set_num_threads(3)
        return super().fit(train)
'''
ENDS = {
    "unlocks": "ValueError: cannot set WRITEABLE flag",
    "exchanges": None,
    "not_a_number": "ColdbenchError: NotANumber",
    "wrong_shape": "ColdbenchError: WrongShape returned float32 (1, 1)",
    "quits": "SystemExit: 3",
    "sleeps": "stopped after 6 s",
    "panics": "GeneratorExit: panicked",
    "turns": None,
    "singular": "ArithmeticError",
}
CLASSES = {"unlocks": "Unlocks", "exchanges": "Exchanges", "wrong_shape": "WrongShape",
           "sleeps": "Sleeps", "panics": "Panics", "turns": "Turns"}  # fmt: skip


@pytest.fixture
def harmful(fakes: None, install: Callable[..., None]) -> None:
    """The harmful plugins; one more that cannot be imported, and two that claim one name."""
    entries = "".join(f"{name} = coldbench_fakes_h:{it}\n" for name, it in CLASSES.items())
    install("harmful", f"[coldbench.methods]\n{entries}", coldbench_fakes_h=HARMFUL)
    install("broken", "[coldbench.methods]\nbroken = coldbench_fakes_b:X\n",
            coldbench_fakes_b="raise RuntimeError('half built')")  # fmt: skip
    for package in ("first", "second"):
        install(package, "[coldbench.methods]\ntwice = coldbench_fakes:ByIndex\n")


def scores(folder: str) -> dict[str, Any]:
    return {one.method: one.scores for one in read_all(Path(folder)) if one.status.value == "ok"}  # type: ignore[union-attr]


@pytest.mark.slow
def test_in_one_sweep_with_honest_methods_they_harm_nobody(
    workplace: Path, harmful: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in HONEST:
        kept_splits._splits.clear()
        execute(compose_run([f"method={name}", *words, "results=alone"]))
    kept_splits._splits.clear()
    methods = [part for name in ENDS for part in (name, *(HONEST if name == "turns" else ()))]
    methods += [name for name in HONEST if name not in methods]
    argv = ["run", "-m", f"method={','.join(methods)}", *words, "results=together"]
    assert cli.main([*argv, "time_limit=6"]) == 1
    assert f"{len(methods)} runs: 7 failed, 5 ok" in capsys.readouterr().out
    together = scores("together")
    assert {name: together[name] for name in HONEST} == scores("alone")
    message = {one.method: one.error for one in read_all(Path("together"))}  # type: ignore[union-attr]
    for name, end in ENDS.items():
        assert str(message[name]).startswith(str(end)), (name, message[name])
    assert not Path("elsewhere").exists() and Path.cwd() == workplace


def test_what_cannot_be_offered_is_told_and_the_others_run(
    workplace: Path, harmful: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "-m", "method=by_index,popularity", *words]) == 0
    assert cli.main(["list", "methods"]) == 0
    out = capsys.readouterr().out
    assert "broken is not offered: its import failed with RuntimeError: half built" in out
    assert "twice is not offered: the name 'twice' is claimed by first and second" in out
    for name, why in (("broken", "half built"), ("twice", "uninstall all but one")):
        assert cli.main(["run", "-m", f"method=by_index,{name}", *words]) == 2
        assert why in capsys.readouterr().err
        assert cli.main(["check", name]) == 2
        assert why in capsys.readouterr().err


def test_a_method_that_writes_into_the_split_changes_only_its_own(
    tiny: Callable[..., RunConfig], harmful: None
) -> None:
    config = tiny()
    data = config.dataset.load()
    kept = split_once(config, data)
    before = hash_content(*list_view_parts(kept.train))
    counts = kept.train.item_counts.copy()
    for name in ("unlocks", "exchanges"):
        execute(tiny(name))
    assert len(kept_splits._splits) == 1, "the split was not made anew"
    after = split_once(config, data)
    assert hash_content(*list_view_parts(after.train)) == before
    assert (after.train.item_counts == counts).all() and after.train.interactions.csr.data.all()
    for name, holdout in after.test.items():
        mine, its = kept.test[name].query.items, holdout.query.items
        assert (mine.features != its.features).nnz == 0 and its.text is not None


def test_a_sealed_split_is_the_same_over_the_same_memory(tiny: Callable[..., RunConfig]) -> None:
    config = tiny("by_index", "scenario.shots=[0,5]")
    split = config.scenario.split(config.dataset.load(), 0)
    copy = make_read_only(split)
    assert copy.fingerprint == split.fingerprint and list(copy.test) == list(split.test)
    assert np.shares_memory(copy.train.users.history.data, split.train.users.history.data)
    one, other = (copy.test[f"new_user/warm/k={k}"].query.items for k in (0, 5))
    assert one is other, "candidates that tasks share are still one object"
    train = copy.train
    for array in (train.interactions.users, train.items.text, train.items.features.data[1:]):
        with pytest.raises(ValueError, match="WRITEABLE"):
            np.asarray(array).setflags(write=True)
    times = np.array(["2020-01-01"], dtype="datetime64[D]")
    assert (make_read_only({"t": times})["t"] == times).all()
    assert not make_read_only({"t": times})["t"].flags.writeable


def test_the_process_is_afterwards_as_it_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import torch

    monkeypatch.setenv("KEPT", "before")
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    filters, folder, streams = list(warnings.filters), Path.cwd(), (sys.stdout, sys.stderr)
    with pytest.raises(KeyError), keep_process_state():
        os.environ["KEPT"] = "after"
        os.environ["NEW"] = "new"
        random.seed(2)
        np.random.seed(2)  # noqa: NPY002
        np.seterr(all="ignore")
        warnings.simplefilter("error")
        os.chdir(tmp_path)
        sys.path.append("nowhere")
        sys.stdout = sys.stderr
        logging.disable(logging.CRITICAL)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        raise KeyError
    assert os.environ["KEPT"] == "before" and "NEW" not in os.environ
    drawn = random.random(), np.random.random()  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    assert drawn == (random.random(), np.random.random())  # noqa: NPY002
    assert np.geterr()["divide"] == "warn" and list(warnings.filters) == filters
    assert Path.cwd() == folder and "nowhere" not in sys.path
    assert (sys.stdout, sys.stderr) == streams and logging.root.manager.disable == 0
    assert torch.get_default_dtype() is torch.float32 and torch.is_grad_enabled()


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["submitit_local", "joblib"])
def test_a_process_that_dies_is_told_in_a_sentence(
    workplace: Path, fakes: None, install: Callable[..., None], words: list[str], launcher: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """With a process of its own per job the others' records are there all the same."""
    body = HARMFUL.split("@dataclass")[0] + (
        "@dataclass\nclass Dies(ByIndex):\n    def fit(self, train):\n        os._exit(3)\n"
    )
    install("dies", "[coldbench.methods]\ndies = coldbench_fakes_d:Dies\n", coldbench_fakes_d=body)
    argv = ["run", "-m", "method=dies,by_index", *words, f"hydra/launcher={launcher}"]
    assert cli.main(argv) == 1
    message = capsys.readouterr()
    assert (
        "a job's process ended without an outcome" in message.err and "Traceback" not in message.err
    )
    if launcher == "submitit_local":
        assert "1 runs: 1 ok, 1 not run" in message.out
        assert set(scores("results")) == {"by_index"}
