"""Planted methods and datasets of the tuning's tests, as an installed package."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from coldbench.benchmarks.plugins import registry
from coldbench.benchmarks.plugins.registry import GROUPS
from coldbench.benchmarks.runs import kept_splits
from hydra.core.config_store import ConfigStore

FAKES = Path(__file__).with_name("planted_methods.py")
ENTRIES = """
[coldbench.methods]
hill = planted_methods:Hill
rangeless = planted_methods:Rangeless
slow_hill = planted_methods:SlowHill
moody = planted_methods:Moody
climber = planted_methods:Climber
[coldbench.datasets]
tiny = planted_methods:Tiny
tiny_b = planted_methods:TinyB
tiny_c = planted_methods:TinyC
tiny_d = planted_methods:TinyD
[coldbench.scenarios]
poisoned = planted_methods:PoisonedTest
"""


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder, and the planted package installed for this and other processes."""
    site, folder = tmp_path / "site", tmp_path / "work"
    info = site / "planted_methods-1.0.dist-info"
    info.mkdir(parents=True)
    folder.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: planted-methods\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    (site / "planted_methods.py").write_text(FAKES.read_text())
    monkeypatch.syspath_prepend(str(site))
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("COLDBENCH_RESULTS", raising=False)
    monkeypatch.setenv("COLDBENCH_DATA", str(tmp_path / "data"))
    kept_splits._splits.clear()
    registry.refresh()
    yield folder
    registry.refresh()
    for group in GROUPS:
        ConfigStore.instance().repo.pop(group, None)
    sys.modules.pop("planted_methods", None)
