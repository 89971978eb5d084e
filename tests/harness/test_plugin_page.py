"""The code on docs/plugin.md is installed and run as it stands there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.plugins.registry import find, list_offers
from coldbench.benchmarks.records.record import RunRecord, read_all

PAGE = Path(__file__).parents[2] / "docs" / "plugin.md"
LIMIT = 40
LONGEST = {"MyLibrary": 65, "CityLoans": 62}
"""A whole dataset takes more lines: from arrays with a graph, or with card and downloads."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def entries() -> str:
    """The entry points of all snippets, in the form of an installed distribution."""
    found = re.findall(r'entry-points\."(.+?)"\]\n(\S+) = "(\S+)"', PAGE.read_text())
    assert len(found) == 6
    return "".join(f"[{group}]\n{name} = {value}\n" for group, name, value in found)


@pytest.fixture
def page(install: Callable[..., None], workplace: Path) -> None:
    modules = [re.search(r'= "(\w+):', line) for line in entries().splitlines()]
    names = re.findall(r"= (\w+):", entries())
    assert modules and len(names) == len(blocks("python")) == 6
    install("my-recommenders", entries(), **dict(zip(names, blocks("python"), strict=True)))
    site = Path(find("methods", "shared_users").__module__)
    assert site.name == "shared_users"


def test_each_file_is_short() -> None:
    for block in blocks("python"):
        name = re.findall(r"^class (\w+)", block, re.MULTILINE)[0]
        assert len(block.splitlines()) <= LONGEST.get(name, LIMIT), name


def test_all_six_are_offered(page: None) -> None:
    for kind, name in (("methods", "shared_users"), ("datasets", "my-shop"),
                       ("datasets", "city-loans"), ("datasets", "my-library"),
                       ("metrics", "all_hits"), ("scenarios", "first_five_clicks")):  # fmt: skip
        offer = list_offers(kind)[name]
        assert offer.reason is None and offer.distribution == "my-recommenders"


def test_the_method_runs_under_the_metric(
    page: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["run", "-m", "method=shared_users,popularity", *words, "method.power=0.3"]
    assert cli.main(argv) == 2  # popularity has no field `power`
    assert cli.main(["run", "method=shared_users", "method.power=0.3", *words]) == 0
    assert cli.main(["run", "method=popularity", *words]) == 0
    capsys.readouterr()
    assert cli.main(["leaderboard", "--metric", "all_hits@10", "--format", "csv"]) == 0
    assert "shared_users" in capsys.readouterr().out


def test_the_method_finds_the_taste_of_warm_users(page: None, words: list[str]) -> None:
    for method in ("shared_users", "random"):
        assert cli.main(["run", f"method={method}", *words]) == 0
    found = {r.method: r.scores for r in read_all(Path("results")) if isinstance(r, RunRecord)}
    ours, chance = (found[m]["warm/warm/k=0"]["ndcg@10"].mean for m in ("shared_users", "random"))
    assert ours is not None and chance is not None and ours > 2 * chance


def test_the_dataset_and_the_scenario_run(
    page: None, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"u{u},i{(u * 7 + i * (1 + u % 3)) % 40},{3 + (u + i) % 3}"
             for u in range(60) for i in range(14)]  # fmt: skip
    (workplace / "buys.csv").write_text("user,item,rating\n" + "\n".join(dict.fromkeys(lines)))
    (workplace / "articles.csv").write_text(
        "item,colour\n" + "\n".join(f"i{i},{'red' if i % 2 else 'blue'}" for i in range(40))
    )
    argv = ["run", "method=shared_users", "dataset=my-shop", "scenario=first_five_clicks",
            f"dataset.interactions={workplace}/buys.csv", "dataset.items=articles.csv",
            "evaluation.bootstrap=20"]  # fmt: skip
    assert cli.main(argv) == 0
    assert "new_user/warm/k=5" in capsys.readouterr().out
    (path,) = Path("results/first_five_clicks/my-shop/shared_users").glob("*.json")
    assert str(workplace) not in path.read_text() and '"buys.csv"' in path.read_text()


def test_the_dataset_from_arrays_conforms_and_runs(
    page: None, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", "my-library"]) == 0, capsys.readouterr().out
    assert cli.main(["data", "info", "my-library"]) == 0
    message = capsys.readouterr().out
    assert "15 passed" in message and "written_by" in message and "shelf" in message
    words = ["dataset=my-library", "evaluation.bootstrap=20"]
    assert cli.main(["run", "-m", "method=popularity,content_knn,graph_knn", *words]) == 0
    records = [one for one in read_all(Path("results")) if isinstance(one, RunRecord)]
    assert len(records) == 3 and all(one.findings == [] for one in records)
    made_by = records[0].code["dataset"]
    assert (made_by.package, made_by.version, made_by.release) == ("my-recommenders", 1, "1.0")
    assert len(made_by.source_sha256 or "") == 64


def test_the_scenario_conforms(page: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "first_five_clicks"]) == 0, capsys.readouterr().out


@pytest.mark.slow
def test_the_method_conforms(page: None, capsys: pytest.CaptureFixture[str]) -> None:
    status = cli.main(["check", "shared_users"])
    assert status == 0, capsys.readouterr().out
