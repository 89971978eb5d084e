"""Papers' tables: their values, ours next to them under both protocols, and what is missing."""

import math
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.cli import run
from coldbench.benchmarks.config.overlays import read_presets
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.benchmarks.plugins.registry import list_names
from coldbench.benchmarks.records.record import RunRecord, Status, record_path, with_identity, write
from coldbench.benchmarks.reports.papers.paper_table import PaperTable
from coldbench.benchmarks.reports.papers.rows import (
    OWN_PROTOCOL,
    PAPER_PROTOCOL,
    PUBLISHED,
    build_lines,
    list_missing_runs,
)
from coldbench.benchmarks.reports.papers.table_sources import find_table, list_tables
from coldbench.benchmarks.reports.papers.verdicts import (
    BECAUSE,
    REPRODUCED,
    UNDECIDED,
    UNEXPLAINED,
    compare_rows,
    list_reasons,
)
from coldbench.datasets.errors import ColdbenchError

Install = Callable[..., None]
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "results" / "tables.md"


def a_record(table: PaperTable, method: str, track: str, value: float, seed: int = 0) -> RunRecord:
    """A run of the table with ``value`` under the paper's protocol and twice that under ours."""
    scores: dict[str, dict[str, object]] = {}
    for column in table.columns:
        for task, factor in ((column.own, 2), (column.task, 1)):
            mean = factor * value
            figure = {"mean": mean, "low": mean, "high": mean, "n": 10}
            scores.setdefault(task, {})[column.metric] = figure
    return RunRecord.model_validate(
        {
            "run_id": f"{abs(hash((method, track, seed))):016x}"[:16],
            "status": "ok",
            "method": method,
            "family": "content",
            "dataset": table.dataset,
            "scenario": table.scenario,
            "seed": seed,
            "config": {"method": {}, "dataset": {}, "scenario": dict(table.settings)},
            "data_sha256": "d" * 64,
            "split_sha256": "e" * 64,
            "scenario_version": 1,
            "side_information": "inductive",
            "track": track,
            "scores": scores,
            "environment": {"python": "3.11", "packages": {}, "device": "cpu", "threads": 1},
            "started": "2026-01-01T00:00:00+00:00",
        }
    )


@pytest.fixture(params=list_tables())
def table(request: pytest.FixtureRequest) -> PaperTable:
    return find_table(request.param)


def test_there_are_tables_of_gar_llm_ins_heater_kgcn_and_metarec() -> None:
    assert set(list_tables()) >= {
        "kgcn_lastfm",
        "metarec_ml1m",
        "gar_citeulike",
        "gar_citeulike_main",
        "llm_ins_citeulike",
        "heater_citeulike",
    }


def test_a_table_is_whole(table: PaperTable) -> None:
    assert table.differs and table.source
    assert bool(table.files) == (table.settings.get("strategy") == "published")
    assert len({(column.task, column.metric) for column in table.columns}) == len(table.columns)
    for row in table.rows:
        assert len(row.values) == len(table.columns)
        assert all(math.isnan(value) or 0 < value <= 1 for value in row.values)
    assert set(table.runs) == {"strict", "open"}
    offered = {*list_names("methods"), *read_presets()}
    assert {name for names in table.runs.values() for name in names} <= offered


def test_its_words_make_a_run_with_the_tasks_it_shows(table: PaperTable) -> None:
    for track in table.runs:
        words = table.words("folder", track)
        config = compose_run(["method=popularity", *words[1:-1]])
        assert config.scenario.name == table.scenario
        assert config.scenario.files == ("folder" if table.files else None)
        assert config.scenario.track.value == track
    prefixes = {"new_item", "warm"} | ({"gar"} if table.scenario == "new_item_gar" else set())
    if table.scenario in ("click_through", "rated_queries"):
        prefixes = {table.scenario}
    asked = {task for column in table.columns for task in (column.task, column.own)}
    assert {task.split("/")[0] for task in asked} <= prefixes


def test_figures_that_can_be_checked_by_eye() -> None:
    added = {row.label: row.values for row in find_table("gar_citeulike").rows}
    assert added["Heater"][:2] == (0.0449, 0.1326) and added["GAR"][:2] == (0.0429, 0.1260)
    main = {row.label: row.values for row in find_table("gar_citeulike_main").rows}
    assert main["GAR"] == (0.0483, 0.1241, 0.0294, 0.0936, 0.0553, 0.0955)
    rows = find_table("llm_ins_citeulike").rows
    groups = [row.group for row in rows]
    assert [groups.count(name) for name in ("MF", "NGCF", "LightGCN")] == [10, 11, 11]
    (best,) = [row for row in rows if (row.group, row.label) == ("LightGCN", "LLM-InS")]
    assert best.values == (0.3601, 0.2126, 0.3252, 0.2156, 0.2285, 0.1747)
    assert find_table("heater_citeulike").rows[0].values[2] == 0.645
    assert find_table("kgcn_lastfm").rows[1].values == (0.796, 0.721)
    assert find_table("metarec_ml1m").rows[-1].values == (0.4211, 0.5742, 0.9073, 0.5331, 0.6384)


def test_ours_stand_under_the_published_rows_for_each_protocol() -> None:
    table = find_table("gar_citeulike")
    records = [
        a_record(table, "graph_knn", "strict", 0.1),
        a_record(table, "content_knn", "open", 0.2, seed=0),
        a_record(table, "content_knn", "open", 0.3, seed=1),
    ]
    found = build_lines(table, records)
    assert [one.part for one in found] == [PUBLISHED] * 6 + [PAPER_PROTOCOL] * 2 + [
        OWN_PROTOCOL
    ] * 2
    papers, ours = found[6:8], found[8:]
    assert [one.label for one in papers] == ["content_knn", "graph_knn"]
    assert papers[0].values == pytest.approx([0.25] * 6) and ours[0].values[0] == 0.5
    assert papers[0].notes == "open track, 2 seeds" and papers[1].notes == "strict track, 1 seed"


def test_where_both_protocols_agree_ours_stand_once() -> None:
    table = find_table("heater_citeulike")
    found = build_lines(table, [a_record(table, "graph_knn", "strict", 0.1)])
    assert [one.part for one in found] == [PUBLISHED, PAPER_PROTOCOL]


def test_runs_of_another_split_do_not_count() -> None:
    table = find_table("gar_citeulike")
    other = a_record(table, "graph_knn", "strict", 0.1)
    settings = {"strategy": "random", "format": "aldi"}
    other = other.model_copy(update={"config": {**other.config, "scenario": settings}})
    assert not table.takes(other)
    assert "graph_knn, strict track: not run" in list(list_missing_runs(table, [other]))


def test_a_preset_that_was_run_is_not_missing_and_is_not_its_method() -> None:
    table = find_table("kgcn_lastfm")
    preset = a_record(table, "kgcn", "strict", 0.1).model_copy(update={"preset": "kgcn_paper"})
    missing = list(list_missing_runs(table, [preset]))
    assert "kgcn_paper, strict track: not run" not in missing
    assert "kgcn, strict track: not run" in missing


def test_a_run_without_scores_is_told_with_its_reason() -> None:
    table = find_table("gar_citeulike")
    refused = a_record(table, "content_knn", "open", 0.1).model_copy(
        update={"status": Status.NOT_APPLICABLE, "scores": {}, "error": "needs item features"}
    )
    message = list(list_missing_runs(table, [refused]))
    assert "content_knn, open track: not applicable: needs item features" in message
    assert all(one.part == PUBLISHED for one in build_lines(table, [refused]))


@pytest.mark.parametrize("form", ["table", "md"])
def test_the_command_prints_published_and_ours(
    form: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = find_table("llm_ins_citeulike")
    record = a_record(table, "graph_knn", "strict", 0.1234)
    record = with_identity(record)
    write(record_path(Path("results"), record), record)
    assert cli.main(["table", "llm_ins_citeulike", "--format", form]) == 0
    said = capsys.readouterr().out
    assert "0.3601" in said and "0.1234" in said and "0.2468" in said
    assert "Differs: Side information" in said and "content_knn, open track: not run" in said


def test_run_needs_the_files_and_makes_the_runs_of_the_table(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ColdbenchError, match=r"--files FOLDER with --run: the folder .*ALDI"):
        cli.import_module("coldbench.benchmarks.cli.table").main(["gar_citeulike", "--run"])
    asked: list[list[str]] = []
    monkeypatch.setattr(run, "main", lambda words: asked.append(words) or 0)
    assert cli.main(["table", "gar_citeulike", "--run", "--files", "split"]) == 0
    strict, tags = asked
    for words in asked:
        assert words[0] == "-m" and "scenario.files=split" in words
    assert "scenario.track=strict" in strict and "graph_knn" in strict[1]
    assert "scenario.track=open" in tags and "content_knn" in tags[1]


def test_an_unknown_table_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["table", "gar_citeulik"]) == 2
    assert "did you mean gar_citeulike" in capsys.readouterr().err


def test_list_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "tables"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in list_tables())


def test_the_files_are_package_data() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["coldbench.benchmarks"]
    packed = {path.stem for pattern in patterns for path in (ROOT / "benchmarks").glob(pattern)}
    assert set(list_tables()) <= packed
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in list_tables())


MINE = """
title = "Mine"
source = "A. Author, 2025, table 2"
dataset = "movietweetings"
scenario = "new_item"
strict = ["popularity", "content_knn"]
seeds = [0, 1]
columns = [
    { head = "N@10", task = "new_item/cold/k=0", metric = "ndcg@10" },
    { head = "R@10", task = "new_item/cold/k=0", metric = "recall@10" },
]
rows = [
    { label = "Neighbours", values = [0.2, 0.2], ours = "content_knn" },
    { label = "Popular", values = [0.1, nan], ours = "popularity", because = "theirs counts days" },
    { label = "Their network", values = [0.3, 0.3] },
]
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    return path


def spread(record: RunRecord, half: float) -> RunRecord:
    """The record with intervals of this half width."""
    scores = {
        task: {
            name: replace(one, low=one.mean - half, high=one.mean + half)
            for name, one in values.items()
            if one.mean is not None
        }
        for task, values in record.scores.items()
    }
    return record.model_copy(update={"scores": scores})


@pytest.mark.parametrize(
    ("method", "value", "half", "verdict", "because"),
    [
        ("content_knn", 0.21, 0.02, REPRODUCED, ""),
        ("content_knn", 0.21, 0.06, UNDECIDED, ""),
        ("content_knn", 0.23, 0.02, UNEXPLAINED, ""),
        ("content_knn", 0.17, 0.02, UNEXPLAINED, ""),
        ("popularity", 0.11, 0.012, REPRODUCED, ""),
        ("popularity", 0.15, 0.01, BECAUSE, "theirs counts days"),
    ],
)
def test_a_published_row_is_judged_by_the_interval_of_ours(
    mine: Path, method: str, value: float, half: float, verdict: str, because: str
) -> None:
    table = find_table(str(mine))
    (found,) = compare_rows(table, [spread(a_record(table, method, "strict", value), half)])
    assert (found.verdict, found.because, found.draws) == (verdict, because, 1)
    published = {"content_knn": 0.2, "popularity": 0.1}[method]
    first = found.differences[0]
    assert (first.mean, first.low) == pytest.approx((value - published, value - half - published))
    assert found.differences[1].given == (method == "content_knn"), "nan: the paper gives none"
    assert list_reasons([found]) == ([f"Popular: differs because {because}"] if because else [])


def test_what_was_not_run_or_is_on_the_other_track_is_not_compared(mine: Path) -> None:
    table = find_table(str(mine))
    assert compare_rows(table, []) == []
    assert compare_rows(table, [a_record(table, "content_knn", "open", 0.2)]) == []


def test_our_rows_name_methods_and_presets_that_there_are(table: PaperTable) -> None:
    named = {row.ours for row in table.rows if row.ours}
    said = "Their methods are not in this suite" in " ".join(table.differs)
    assert bool(named) != said, "some published rows have a method of ours, or the page says so"
    assert named <= {*list_names("methods"), *read_presets()}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "Mine"', "", "title: Field required"),
        ('title = "Mine"', 'titel = "Mine"', "titel: Extra inputs|title: Field required"),
        ("[0.3, 0.3]", "[0.3]", "row 'Their network' has 1 values for 2 columns"),
        ("[0.3, 0.3]", "[0.3, inf]", "row 'Their network' has an infinite value"),
        ("[0.3, 0.3]", '[0.3, "0.3"]', "rows.2.values.1: .*number"),
        ("new_item/cold/k=0", "new_item/cold", "columns.0.task: .*match"),
        ('ours = "popularity", ', "", "row 'Popular' says why ours differs, but names no ours"),
        ('head = "R@10"', 'head = "N@10"', "two columns have the same head"),
        ("seeds = [0, 1]", "seeds = [0, 1", "line"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_key(
    mine: Path, old: str, new: str, message: str
) -> None:
    mine.write_text(MINE.replace(old, new, 1))
    with pytest.raises(ColdbenchError, match=f"mine.toml is not a table of a paper: .*({message})"):
        find_table(str(mine))


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ColdbenchError, match=r"nowhere\.toml is not a table .*No such file"):
        find_table("nowhere.toml")


def test_a_table_of_ones_own_is_run_and_judged(
    mine: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = find_table(str(mine))
    asked: list[list[str]] = []

    def made(words: list[str]) -> int:
        asked.append(words)
        record = with_identity(spread(a_record(table, "content_knn", "strict", 0.21), 0.02))
        write(record_path(Path("results"), record), record)
        return 0

    monkeypatch.setattr(run, "main", made)
    assert cli.main(["table", str(mine), "--run", "--format", "md"]) == 0
    (words,) = asked
    assert "method=popularity,content_knn" in words and "seed=0,1" in words
    assert not any(word.startswith("scenario.files") for word in words)
    said = capsys.readouterr().out
    assert "| Neighbours | content_knn, strict track | +.010 (-.010 to +.030) |" in said
    assert "| reproduced |" in said and f"`coldbench table {mine}`" in said


def test_a_plugin_brings_tables(
    install: Install, mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gar_citeulike.toml").write_text(MINE)
    (tmp_path / "torn.toml").write_text(MINE.replace('title = "Mine"', ""))
    install(
        "their-tables",
        "[coldbench.tables]\nall = their_tables:FOLDER\nbroken = their_tables:NOTHING\n",
        their_tables=f"FOLDER = {str(tmp_path)!r}\n",
    )
    assert "mine" in list_tables() and find_table("mine").title == "Mine"
    assert find_table("gar_citeulike").title != "Mine", "coldbench's own name stays its own"
    assert cli.main(["list", "tables"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "(their-tables) Mine" in said
    assert "gar_citeulike (their-tables) is not offered: coldbench has a table of that name" in said
    assert "their_tables:NOTHING (their-tables) is not offered:" in said
    assert "torn (their-tables) is not offered:" in said and "title: Field required" in said
