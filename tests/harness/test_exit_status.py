"""The exit status of runs that fail, whatever lay in the folder of records before."""

from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.plugins.registry import find
from coldbench.benchmarks.records.record import read_all


def statuses() -> list[str]:
    return [one.status.value for one in read_all(Path("results"))]  # type: ignore[union-attr]


def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the method that worked fails while it fits."""

    def fit(self: object, train: object) -> None:
        raise ArithmeticError("the matrix is singular")

    monkeypatch.setattr(find("methods", "by_index"), "fit", fit)


@pytest.mark.parametrize("sweep", [[], ["-m"]])
@pytest.mark.parametrize("force", [[], ["force=true"]])
def test_a_run_that_fails_twice_fails_twice(
    workplace: Path, fakes: None, words: list[str], sweep: list[str], force: list[str]
) -> None:
    argv = ["run", *sweep, "method=singular", *words, *force]
    assert cli.main(argv) == 1
    assert cli.main(argv) == 1
    assert statuses() == ["failed"]


@pytest.mark.parametrize("sweep", [[], ["-m"]])
@pytest.mark.parametrize("again", ["force=true", "save_rankings=true"])
def test_a_failure_beside_a_finished_record_is_a_failure(
    workplace: Path, fakes: None, words: list[str], sweep: list[str], again: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    argv = ["run", *sweep, "method=by_index", *words]
    assert cli.main(argv) == 0
    broken(monkeypatch)
    assert cli.main([*argv, again]) == 1
    message = capsys.readouterr()
    assert "ArithmeticError: the matrix is singular" in message.err + message.out
    assert statuses() == ["ok"]
    assert cli.main(argv) == 0, "the finished record is still there"


def test_a_sweep_with_one_failure_among_finished_runs_fails(
    workplace: Path, fakes: None, words: list[str]
) -> None:
    argv = ["run", "-m", "method=by_index,singular", *words]
    assert cli.main(argv) == 1
    assert cli.main(argv) == 1
    assert cli.main(["run", "-m", "method=by_index", *words]) == 0


@pytest.mark.parametrize("sweep", [[], ["-m"]])
def test_a_failure_under_a_configuration_of_ones_own(
    workplace: Path, fakes: None, words: list[str], sweep: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """It names no callback; the run is reported and counted all the same."""
    text = "defaults: [run_schema, method: singular, dataset: planted, scenario: grid, _self_]\n"
    (workplace / "mine.yaml").write_text(text)
    argv = ["run", "-cd", ".", "-cn", "mine", *words[1:], *sweep]
    assert cli.main(argv) == 1
    assert cli.main(argv) == 1
    message = capsys.readouterr()
    assert "ArithmeticError: the matrix is singular" in message.err + message.out


def test_a_failed_run_repeated_from_its_kept_configuration_fails(
    workplace: Path, fakes: None, words: list[str]
) -> None:
    assert cli.main(["run", "method=singular", *words]) == 1
    (kept,) = Path("outputs").rglob("config.yaml")
    assert cli.main(["run", "-cd", str(kept.parent), "-cn", "config"]) == 1


def test_a_run_without_records_is_no_success(workplace: Path, fakes: None) -> None:
    argv = ["run", "method=by_index", "dataset=files", "dataset.interactions=nowhere.csv"]
    assert cli.main(argv) == 2
    assert cli.main([*argv, "-m"]) == 1
