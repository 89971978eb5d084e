"""The demo ends on one screen, says what one draw can tell, and takes Hydra's words."""

from collections.abc import Callable
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import demo
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import RunConfig
from coldbench.benchmarks.evaluation.task_result import Estimate
from coldbench.benchmarks.records.record import read
from coldbench.benchmarks.reports.cold_sides import list_cold_sides
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.runs.execute import execute

TWELVE = (
    "random", "popularity", "recent_popularity", "implicit_als", "item_knn", "user_knn", "ease",
    "content_knn", "word_knn", "kernel_ridge", "profile_centroid", "graph_knn",
)  # fmt: skip


def test_the_demo_names_offered_methods_of_all_five_families(
    monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    from coldbench.benchmarks.plugins.registry import find

    families = {find("methods", name).family.value for name in demo._methods()}
    assert families == {
        "reference", "collaborative", "content", "hybrid", "graph", "language_model",
    }  # fmt: skip


def screen(out: str) -> list[str]:
    """Return what is printed after the summary of the sweep."""
    lines = out.splitlines()
    (at,) = (at for at, line in enumerate(lines) if " runs: " in line)
    return lines[at + 1 :]


def test_twelve_methods_end_on_one_screen(
    monkeypatch: pytest.MonkeyPatch, workplace: Path, words: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(demo, "_methods", lambda: TWELVE)
    larger = [*words, "dataset.n_users=300", "dataset.n_items=120"]
    assert cli.main(["demo", *larger, "seed=1", "results=mine"]) == 0
    shown = screen(capsys.readouterr().out)
    assert len(shown) <= 24 and max(map(len, shown)) <= 80
    assert shown[0].startswith("grid / planted: ndcg@10. * best mean, ~ not separated")
    assert [line for line in shown if "random (chance)" in line and line.endswith((" s", "s "))]
    head = next(line for line in shown if line.split()[:1] == ["method"])
    assert [one for one in ("new item", "user k=0", "user k=10", "both k=10", "time")
            if one not in head] == []  # fmt: skip
    text = "\n".join(shown)
    assert "New items: " in text and "New users, 10 shots: " in text
    assert "Both new, 10 shots: " in text
    assert shown[-1] == "No winner on a single split; seed=0,1,2 repeats it on three."
    assert all(sum(name in line for line in shown) for name in TWELVE)
    assert len(list(Path("mine").rglob("*.json"))) == 12


def test_only_its_own_runs_are_shown(
    monkeypatch: pytest.MonkeyPatch, workplace: Path, words: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert cli.main(["run", "method=item_knn", *words]) == 0
    monkeypatch.setattr(demo, "_methods", lambda: ("random", "popularity"))
    assert cli.main(["demo", *words, "seed=0,1"]) == 0
    text = "\n".join(screen(capsys.readouterr().out))
    assert "popularity (ref)" in text and "item_knn" not in text
    assert "single draw" not in text
    assert cli.main(["demo", *words, "seed=0,1", "scenario=new_item"]) == 0
    text = "\n".join(screen(capsys.readouterr().out))
    assert "New items: too small to tell methods apart." in text
    assert "user" not in text.split("New items")[0].split("planted")[1]


def test_a_failure_shows_in_its_row_and_in_the_status(
    monkeypatch: pytest.MonkeyPatch, workplace: Path, fakes: None, words: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(demo, "_methods", lambda: ("random", "singular"))
    assert cli.main(["demo", *words]) == 1
    row = next(line for line in screen(capsys.readouterr().out) if line.split()[:1] == ["singular"])
    assert "failed" in row
    monkeypatch.setattr(demo, "_methods", lambda: ("singular",))
    assert cli.main(["demo", *words]) == 2
    assert "no run has scores" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "scenario=warm",
            "demo shows the cold sides, and scenario 'warm' has none; it ",
        ),
        ("+experiment=presets", "another one is run by: coldbench run +experiment=presets"),
        ("hydra.mode=RUN", "demo is the experiment first_run"),
        ("dataset=plantd", "no dataset 'plantd'; did you mean planted? "),
        ("sed=1", "a run has no field sed; did you mean seed? "),
    ],
)
def test_what_makes_no_sense_is_refused(
    workplace: Path, word: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["demo", word]) == 2
    assert message in capsys.readouterr().err and not Path("results").exists()


def test_a_sentence_says_who_is_not_separated(tiny: Callable[..., RunConfig]) -> None:
    """From values set by hand: one seed, intervals of 0.02 about each mean."""
    from coldbench.benchmarks.reports.cold_sides import summarise_side

    task = "new_item/cold/k=0"
    means = {"random": 0.01, "popularity": 0.2, "item_knn": 0.195, "ease": 0.1}

    def message(users: int, **changed: float) -> str:
        records = []
        for name, mean in (means | changed).items():
            record = read(execute(tiny(name)).path)
            figure = Estimate(mean=mean, low=mean - 0.01, high=mean + 0.01, n=users)
            update = {"scores": {task: {"ndcg@10": figure}}, "facts": {}, "uninformed": {}}
            records.append(record.model_copy(update=update))
        (board,) = build_boards(records)
        return summarise_side(board, list_cold_sides([task])[0])

    assert message(90) == "New items: popularity 0.2000, not separated from item_knn."
    assert message(90, item_knn=0.1) == "New items: popularity 0.2000, separated from all others."
    assert message(90, random=0.19) == "New items: no method is separated from chance."
    assert message(9) == "New items: too small to tell methods apart."
