"""A data folder for every test, and the place of the real files."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

SHARED = Path(os.environ.get("COLDBENCH_TEST_DATA", Path(__file__).parents[2] / "../shared/data"))

# How long one example takes depends on who else uses the machine.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

FOLDERS = {
    "hetrec-lastfm": "hetrec2011-lastfm-2k",
    "online-retail-ii": "online-retail-ii-2009-2010",
}
"""Shared folders that are not called like their dataset."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a data folder of its own, which does not exist yet."""
    folder = tmp_path / "home"
    monkeypatch.setenv("COLDBENCH_DATA", str(folder))
    return folder


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Return the folder of a real dataset, or skip the test."""

    def folder(name: str) -> Path:
        path = SHARED / FOLDERS.get(name, name)
        if not path.is_dir():
            pytest.skip(f"{path} is not on this machine")
        return path

    return folder
