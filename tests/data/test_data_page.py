"""What docs/data.md tells a reader to type does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

from coldbench.benchmarks.registry import available
from coldbench.datasets.acquire.catalogue import ENTRIES

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


def test_every_dataset_and_entry_is_on_the_page() -> None:
    for name in {*available("datasets"), *ENTRIES}:
        assert f"`{name}`" in PAGE
    for one in ENTRIES.values():
        for group in one.needed:
            assert one.embedded or f"`{group[0]}`" in PAGE
