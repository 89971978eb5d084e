"""Files of the user's are filed under the name that they are given."""

import json
from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks.cli.leaderboard import main as leaderboard
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.benchmarks.runs.execute import execute
from coldbench.datasets.errors import ColdbenchError


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    rng = np.random.default_rng(0)
    rows = {f"u{u},i{i}" for u, i in rng.integers(0, [60, 40], (900, 2)).tolist()}
    path = tmp_path / "i.csv"
    path.write_text("\n".join(["user,item", *sorted(rows)]) + "\n")
    return ["method=popularity", "dataset=files", f"dataset.interactions={path}"]


def test_the_name_is_that_of_folder_record_and_board(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "results"
    for name in ((), ("dataset.name=shop_2025",)):
        execute(compose_run([*words, *name, f"results={home}"]))
    places = sorted(path.relative_to(home).parts[:2] for path in home.rglob("*.json"))
    assert places == [("grid", "files"), ("grid", "shop_2025")]
    (record,) = (home / "grid" / "shop_2025").rglob("*.json")
    assert json.loads(record.read_text())["dataset"] == "shop_2025"
    assert leaderboard(["--results", str(home), "--dataset", "shop_2025", "--format", "csv"]) == 0
    said = capsys.readouterr().out
    assert "shop_2025" in said and ",files," not in said


@pytest.mark.parametrize("name", ["movietweetings", "ML-1M", "planted"])
def test_a_registered_name_is_refused_before_anything_is_read(name: str) -> None:
    words = ["method=random", "dataset=files", "dataset.interactions=absent.csv"]
    with pytest.raises(ColdbenchError, match=f"dataset.name={name} is the name of a registered"):
        compose_run([*words, f"dataset.name={name}"])


@pytest.mark.parametrize("name", ["a/b", "..", ".hidden", "'two words'", "x" * 65, "''"])
def test_a_name_that_fits_no_folder_is_refused(name: str) -> None:
    with pytest.raises(ColdbenchError, match="does not fit a folder name"):
        compose_run(["method=random", "dataset=files", f"dataset.name={name}"])
