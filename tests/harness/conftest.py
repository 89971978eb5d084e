import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from coldbench.benchmarks.config.run_config import RunConfig, compose_run
from coldbench.benchmarks.plugins import registry
from coldbench.benchmarks.plugins.registry import GROUPS
from coldbench.benchmarks.runs import kept_splits
from hydra.core.config_store import ConfigStore

TINY = [
    "dataset=planted",
    "dataset.n_users=80",
    "dataset.n_items=60",
    "dataset.interactions_per_user=20",
    "evaluation.bootstrap=50",
    "evaluation.ks=[5,10]",
]

METHODS = '''
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Self

import numpy as np

from coldbench.datasets.world import Entities, TrainView
from coldbench.methods.base import Family, Method, Need
from coldbench.datasets.parameters import parameter


class Order(str, Enum):
    UP = "up"
    DOWN = "down"


@dataclass
class ByIndex(Method):
    """Scores a candidate by its place in the training data."""

    family: ClassVar[Family] = Family.COLLABORATIVE
    weight: float = parameter(1.0, "factor of every score", minimum=0)
    order: Order = Order.UP
    layers: list[int] = parameter([2, 3], "sizes")
    fits: ClassVar[int] = 0

    def fit(self, train: TrainView) -> Self:
        type(self).fits += 1
        self.threads_ = train.resources.threads
        self.scale_ = np.ones(3, dtype=np.float32)
        return self

    def score_block(self, users: Entities, items: Entities) -> np.ndarray:
        row = self.weight * items.known.astype(np.float32)
        return np.tile(row, (len(users), 1)).astype(np.float32)

    def report(self):
        return {"threads": self.threads_, "loss": float("nan"), "steps": np.int64(3)}


@dataclass
class Singular(ByIndex):
    """Fails while it fits."""

    def fit(self, train: TrainView) -> Self:
        raise ArithmeticError("the matrix is singular")


@dataclass
class Quits(ByIndex):
    """Tries to end the whole process."""

    def fit(self, train: TrainView) -> Self:
        raise SystemExit(3)


@dataclass
class NotANumber(ByIndex):
    """Answers NaN."""

    def score_block(self, users: Entities, items: Entities) -> np.ndarray:
        return np.full((len(users), len(items)), np.nan, dtype=np.float32)


@dataclass
class Seer(ByIndex):
    """Wants to see cold entities while it fits."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRANSDUCTIVE})
'''
ENTRIES = """
[coldbench.methods]
by_index = coldbench_fakes:ByIndex
singular = coldbench_fakes:Singular
quits = coldbench_fakes:Quits
not_a_number = coldbench_fakes:NotANumber
seer = coldbench_fakes:Seer
"""

Install = Callable[..., None]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on ``sys.path`` for packages; the registry is fresh before and after."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    registry.refresh()
    yield folder
    registry.refresh()
    for group in GROUPS:
        ConfigStore.instance().repo.pop(group, None)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Install:
    """Install a distribution: its name, its entry points, and its modules by name."""

    def put(distribution: str, entries: str, **modules: str) -> None:
        info = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
        )
        (info / "entry_points.txt").write_text(entries)
        for name, text in modules.items():
            (site / f"{name}.py").write_text(text)
        registry.refresh()

    return put


@pytest.fixture
def fakes(install: Install) -> None:
    """The fake methods, installed."""
    install("coldbench-fakes", ENTRIES, coldbench_fakes=METHODS)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, with no split kept from an earlier test."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("COLDBENCH_RESULTS", raising=False)
    monkeypatch.setenv("COLDBENCH_DATA", str(tmp_path / "data"))
    kept_splits._splits.clear()
    return folder


@pytest.fixture
def words() -> list[str]:
    """The words of a run that takes a fraction of a second, without its method."""
    return list(TINY)


@pytest.fixture
def tiny(workplace: Path, fakes: None) -> Callable[..., RunConfig]:
    """Compose a tiny run from a method and further words."""

    def made(method: str = "by_index", *words: str) -> RunConfig:
        return compose_run([f"method={method}", *TINY, *words])

    return made
