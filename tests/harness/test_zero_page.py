"""The commands on docs/from-zero-to-a-table.md, typed one after the other in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from coldbench.benchmarks.records.record import RunRecord, Status, read_all

PAGE = Path(__file__).parents[2] / "docs" / "from-zero-to-a-table.md"
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_page_can_be_followed(tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {name: v for name, v in os.environ.items() if not name.startswith("WANDB")}
    said = []
    for block in BLOCKS:
        done = subprocess.run(
            ["bash", "-euc", block],
            cwd=tmp_path,
            env=environment | {"PATH": path, "COLUMNS": "140"},
            capture_output=True,
            text=True,
            timeout=400,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said.append(done.stdout)
    assert len(said) == 6
    assert "12 runs: 12 ok" in said[0] and "3 runs: 3 ok" in said[2]
    assert "15 sent; 0 there already" in said[3]
    assert "9 runs: 9 skipped" in said[5]
    assert re.search(r"Random order +random, strict track .* differs, unexplained", said[5])
    records = read_all(tmp_path / "results")
    assert [one.status for one in records if isinstance(one, RunRecord)] == [Status.OK] * 15
    assert (tmp_path / "report.html").stat().st_size > 50_000
    assert len((tmp_path / "values.csv").read_text().splitlines()) > 15
