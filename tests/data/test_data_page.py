"""What docs/data.md tells a reader to type does what it says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from coldbench.benchmarks.cli.data import main
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.benchmarks.plugins.published_files import published, published_names
from coldbench.benchmarks.plugins.registry import list_names
from coldbench.datasets.sources.own_files.source import Files

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_page_says(tmp_path: Path) -> None:
    blocks = re.findall(r"^```\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (example,) = [block for block in blocks if block.startswith("cat > interactions.csv")]
    (promise,) = re.findall(r"It prints `(.*?)`", PAGE)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e"],
        input=example,
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == promise


def test_every_dataset_and_every_file_is_on_the_page() -> None:
    for name in {*list_names("datasets"), *published_names()}:
        assert f"`{name}`" in PAGE
    for name in published_names():
        files = published(name).files
        for group in files.needed:
            assert files.embedded or f"`{group[0]}`" in PAGE


def test_the_card_of_the_example_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = re.findall(r"^```\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (example,) = [block for block in blocks if block.startswith("cat > interactions.csv")]
    (card,) = [block for block in blocks if block.startswith("coldbench data info files")]
    tables = example.partition("python -")[0]
    subprocess.run(["sh", "-e"], input=tables, cwd=tmp_path, text=True, check=True)
    monkeypatch.chdir(tmp_path)
    program, command, *words = shlex.split(card.replace("\\\n", " "))
    assert (program, command) == ("coldbench", "data") and main(words) == 0
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    for row in ("items title text 2 filled, as dataset.texts says", "graph: CSV (utf-8, commas)"):
        assert row.split() in said


def test_the_settings_of_the_page_can_be_typed() -> None:
    told = re.findall(r"`'?\"?((?:dataset\.\w+=[^`]+?))\"?'?`", PAGE)
    words = {one.replace("\\|", "|") for text in told for one in text.split(" dataset.")}
    words = {w if w.startswith("dataset.") else f"dataset.{w}" for w in words}
    files = {word for word in words if hasattr(Files, word[8:].partition("=")[0]) or "={" in word}
    assert len(files) > 8
    for word in files:
        compose_run(["method=random", "dataset=files", word])
