"""What a plugin changes makes another run: data by its content, code by a hash of its source."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.record import RunRecord, read_all

DATASETS = '''
from dataclasses import dataclass, replace
from typing import ClassVar

from coldbench.datasets.side_information import SideInformation
from coldbench.datasets.sources.planted.source import Planted


@dataclass
class Told(Planted):
    """A planted dataset as it is."""

    version: ClassVar[int] = 1


@dataclass
class Swapped(Told):
    """The same pairs; the items' content belongs to others."""

    def load(self):
        data = super().load()
        columns = [
            replace(one, matrix=one.matrix[::-1].tocsr()) for one in data.items.columns
        ]
        return replace(data, items=SideInformation(tuple(columns), data.items.texts))


@dataclass
class Silent(Told):
    """The same pairs; nothing is known of the items but their year."""

    def load(self):
        data = super().load()
        years = tuple(one for one in data.items.columns if one.numeric)
        return replace(data, items=replace(data.items, columns=years))
'''
NAMES = ("told", "swapped", "silent")
ENTRIES = "[coldbench.datasets]\n" + "".join(
    f"{name} = coldbench_told:{name.capitalize()}\n" for name in NAMES
)
TASK = "new_item/cold/k=0"
METHOD = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from coldbench.methods.base import Family, Method


@dataclass
class Flat(Method):
    """The same score for everything."""

    family: ClassVar[Family] = Family.REFERENCE
    version: ClassVar[int] = 1

    def fit(self, train):
        self.level_ = LEVEL
        return self

    def score_block(self, users, items):
        return np.full((len(users), len(items)), self.level_, dtype=np.float32)

    def report(self):
        return {"level": self.level_}
'''
LEVEL_MODULE = "LEVEL = 1.0\n"


def records(folder: str = "results") -> list[RunRecord]:
    return [one for one in read_all(Path(folder)) if isinstance(one, RunRecord)]


@pytest.mark.slow
def test_datasets_of_one_sweep_that_differ_in_content_alone_are_told_apart(
    install: Callable[..., None], workplace: Path, words: list[str]
) -> None:
    install("told", ENTRIES, coldbench_told=DATASETS)
    words = [word for word in words if word != "dataset=planted"]

    def run(results: str, *datasets: str) -> dict[str, RunRecord]:
        argv = ["run", "-m", "method=content_knn_attributes", f"dataset={','.join(datasets)}"]
        assert cli.main([*argv, *words, "dataset.n_users=200", f"results={results}"]) == 0
        return {one.dataset: one for one in records(results)}

    together = run("together", *NAMES)
    assert len({one.data_sha256 for one in together.values()}) == 3
    assert len({one.split_sha256 for one in together.values()}) == 1, "the same pairs are hidden"
    assert len({one.scores[TASK]["ndcg@10"].mean for one in together.values()}) == 3
    for name in NAMES:
        (alone,) = run(f"alone_{name}", name).values()
        assert alone.scores == together[name].scores and alone.run_id == together[name].run_id


class Plugin:
    """An installed package of two modules, run in new processes."""

    def __init__(self, site: Path, work: Path, words: list[str]) -> None:
        self.site, self.work, self.words = site, work, words

    def edit(self, module: str, text: str) -> None:
        (self.site / f"{module}.py").write_text(text)

    def run(self) -> str:
        """Run it and return what was printed."""
        command = [
            sys.executable,
            "-m",
            "coldbench.benchmarks.cli.main",
            "run",
            "-m",
            "method=flat",
        ]
        done = subprocess.run(
            [*command, *self.words], cwd=self.work, capture_output=True, text=True, timeout=120,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def plugin(install: Callable[..., None], site: Path, workplace: Path, words: list[str]) -> Plugin:
    """The package, installed, whose method imports a constant from the module next to it."""
    flat = METHOD.replace(
        "import numpy as np", "import numpy as np\nfrom coldbench_level import LEVEL"
    )
    install("flat", "[coldbench.methods]\nflat = coldbench_flat:Flat\n",
            coldbench_flat=flat, coldbench_level=LEVEL_MODULE)  # fmt: skip
    (site / "flat-1.0.dist-info" / "top_level.txt").write_text("coldbench_flat\ncoldbench_level\n")
    return Plugin(site, workplace, words)


def test_an_edited_plugin_is_run_again(plugin: Plugin) -> None:
    assert "ndcg@10" in plugin.run()
    (first,) = records()
    assert "skipped" in plugin.run() and len(records()) == 1
    plugin.edit("coldbench_level", "LEVEL = 2.0\n")
    assert "skipped" not in plugin.run()
    (second,) = [one for one in records() if one.run_id != first.run_id]
    assert (first.training["level"], second.training["level"]) == (1.0, 2.0)
    ours, theirs = first.code["method"], second.code["method"]
    assert ours.source_sha256 != theirs.source_sha256
    assert (ours.package, ours.release) == (theirs.package, theirs.release) == ("flat", "1.0")
    assert first.code["dataset"] == second.code["dataset"]
    plugin.edit("coldbench_level", LEVEL_MODULE)
    assert "skipped" in plugin.run(), "the old code again is the old run"


@pytest.mark.slow
def test_a_raised_version_is_run_again(plugin: Plugin) -> None:
    plugin.run()
    source = (plugin.site / "coldbench_flat.py").read_text()
    plugin.edit("coldbench_flat", source.replace("ClassVar[int] = 1", "ClassVar[int] = 2"))
    assert "skipped" not in plugin.run()
    assert sorted(one.code["method"].version for one in records()) == [1, 2]


def test_a_metric_that_is_installed_later_makes_runs_again(
    install: Callable[..., None], workplace: Path, words: list[str]
) -> None:
    assert cli.main(["run", "method=popularity", *words]) == 0
    install("later", "[coldbench.metrics]\nones = coldbench_later:Ones\n", coldbench_later=METRIC)
    assert cli.main(["run", "method=popularity", *words]) == 0
    measured = [set(one.scores[TASK]) for one in records()]
    assert sorted("ones@10" in names for names in measured) == [False, True]


METRIC = '''
import numpy as np
from coldbench.benchmarks.evaluation.metrics import Metric


class Ones(Metric):
    """One for everybody."""

    name = "ones"

    def per_user(self, ranked, k):
        return np.ones(len(ranked.hits))
'''
