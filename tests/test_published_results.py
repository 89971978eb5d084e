"""What the repository publishes is what its records say, and what the commands make again."""

import os
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from coldbench.benchmarks.bench.rivals.compare import main as compare_rivals
from coldbench.benchmarks.cli import leaderboard
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.benchmarks.config.tuned_preset import NOT_APPLICABLE, read_preset
from coldbench.benchmarks.plugins.registry import find
from coldbench.benchmarks.records.partial_records import AS_WRITTEN
from coldbench.benchmarks.records.record import (
    SCHEMA,
    RunRecord,
    Status,
    read_verified,
    record_path,
)
from coldbench.benchmarks.report_page.page import unpack_data
from coldbench.benchmarks.reports.papers.table_sources import find_table
from coldbench.benchmarks.runs.execute import execute
from omegaconf import OmegaConf

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
PAGES = sorted((RESULTS / "leaderboards").glob("*.md"))
RECORDS = sorted(RESULTS.glob("*/*/*/*.json"))
TUNED = RESULTS / "tuned"
SHARED = Path(os.environ.get("COLDBENCH_TEST_DATA", ROOT.parent / "shared" / "data"))
FOLDERS = {
    "hetrec-lastfm": "hetrec2011-lastfm-2k",
    "lastfm-mkr": "kg-mkr",
    "online-retail-ii": "online-retail-ii-2009-2010",
    "aldi": "citeulike-aldi-split",
    "heater": "citeulike-heater-split",
}
"""Shared folders that are not called like their dataset or split."""

Group = tuple[str, str, str]
"""Dataset, split (a scenario, or the format of published files) and track."""

CELLS: dict[Group, tuple[str, int]] = {
    ("movietweetings", "grid", "strict"): ("item_knn", 1),
    ("ml-100k", "grid", "strict"): ("graph_knn", 2),
    ("ml-latest-small", "grid", "strict"): ("item_knn", 0),
    ("hetrec-lastfm", "grid", "strict"): ("item_knn", 1),
    ("online-retail-ii", "grid", "strict"): ("word_knn", 2),
    ("ml-1m", "grid", "strict"): ("item_knn", 0),
    ("citeulike-a", "grid", "strict"): ("graph_knn", 0),
    ("citeulike-a", "grid", "open"): ("profile_centroid", 0),
    ("citeulike-a", "aldi", "strict"): ("graph_knn", 0),
    ("citeulike-a", "aldi", "open"): ("profile_centroid", 0),
    ("citeulike-a", "heater", "strict"): ("graph_knn", 0),
    ("citeulike-a", "heater", "open"): ("profile_centroid", 0),
    ("lastfm-mkr", "click_through", "strict"): ("content_knn", 0),
    ("lastfm-mkr", "grid", "strict"): ("item_knn", 1),
    ("ml-1m", "rated_queries", "strict"): ("item_knn", 1),
}
"""The run of each table that is made again: its method and seed.

Their values are the same on every processor seen; those of iterated factors are not.
"""

SLOW = {
    "strict": {"popularity_regression", "kernel_ridge", "kernel_ridge_attributes"},
    "open": {
        "kernel_ridge", "kernel_ridge_attributes", "kernel_ridge_words", "pagerank",
        "popularity_regression", "text_knn", "text_popularity", "text_ridge",
        "text_ridge_vectors",
    },
}  # fmt: skip
"""Rows without a network that take more than two minutes on citeulike-a: three draws."""

QUICK = {"heater", "clcrec", "cfkg"}
"""Networks that take less than two minutes on citeulike-a: five draws there as well."""

DEFAULT_ALONE = {"finetuned_encoder"}
"""Searched, and the default is all that finishes within the budget: it has no tuned row."""

TUNED_SLOWLY = {("movietweetings", "ripplenet"), ("ml-100k", "ials")}
"""What takes more than two minutes with tuned settings: five draws."""

SMALL = ("movietweetings", "ml-100k", "ml-latest-small", "hetrec-lastfm")
"""Datasets with twice as many draws as the others, and with tuned settings."""

WITH_TEXTS = (*SMALL, "online-retail-ii", "ml-1m")
"""Rows are ranked across the datasets that all of them can answer: citeulike-a has no texts."""

OF_PAPERS = {
    ("lastfm-mkr", "click_through"): "kgcn_lastfm",
    ("lastfm-mkr", "grid"): "kgcn_lastfm",
    ("ml-1m", "rated_queries"): "metarec_ml1m",
}
"""Boards of a paper's table alone; the first one's rows are run on the grid as well."""

ONLY_THEIRS = {"kgcn_paper_concat", "kgcn_paper_neighbor", "kgcn"}
"""Rows of that table that are not run on the grid."""

RUNGS = {
    "encoder_adalora", "encoder_adapter", "encoder_bitfit", "encoder_full", "encoder_prefix",
    "encoder_top_layers", "linear_probe", "untrained_towers",
}  # fmt: skip
"""Of the ladder, beside the networks of every dataset: five draws on the small ones."""

LARGER = {"linear_probe": 5, "untrained_towers": 5, "encoder_full": 3}
"""And their draws on larger datasets with texts."""

OPENED = {
    "text_popularity",
    "text_knn_items",
    "text_ridge_vectors",
    "linear_probe",
    "frozen_towers",
}
"""Of the ladder on the open track of citeulike-a, five draws, however long they take."""

LONGER = {
    "hetrec-lastfm": {
        "encoder_top_layers": 5, "finetuned_encoder": 5, "frozen_towers": 5, "linear_probe": 5,
    },
    "hetrec-lastfm.shuffled": {"encoder_top_layers": 3, "frozen_towers": 3},
    "online-retail-ii": {"finetuned_encoder": 3, "frozen_towers": 3},
}  # fmt: skip
"""Rungs with four times the steps, and their draws: a ladder of its own."""
STEPS = 4000
WITH_STEPS = f"max_steps={STEPS}"

TEXTS = ("attributes", "without-title", "shuffled")
FILMS = SMALL[:3]
CONTROLS: dict[Group, set[str]] = {
    ("hetrec-lastfm.shuffled", "grid", "strict"): {
        "encoder_full",
        "encoder_top_layers",
        "frozen_towers",
        "text_knn_items",
        "text_popularity",
        "text_ridge_vectors",
    },
    **{
        (f"{dataset}.{texts}", "grid", "strict"): {
            "frozen_towers",
            "text_knn_items",
            "text_ridge_vectors",
        }
        for dataset in FILMS
        for texts in TEXTS
    },
}
"""Rungs with other texts of the items, five draws each: shown in the ladder of the dataset."""

PUBLISHED = ("aldi", "heater")
"""A published split is one split: its runs have one seed."""


def group(record: RunRecord) -> Group:
    scenario = record.config["scenario"]
    published = scenario["strategy"] == "published"
    split = scenario["format"] if published else record.scenario
    return record.dataset, split, str(record.track)


@pytest.fixture(scope="module")
def groups() -> dict[Group, list[RunRecord]]:
    """The records without the details next to them, which take eight times as long to read."""
    found: dict[Group, list[RunRecord]] = {}
    for path in RECORDS:
        record = read_verified(path, AS_WRITTEN)
        found.setdefault(group(record), []).append(record)
    return found


BOARDS = pytest.mark.xdist_group("published boards")
"""Commands that show the same boards, which one process reads once."""


@pytest.fixture(scope="module")
def held() -> Iterator[None]:
    """Records and boards that a command was asked for stay, for the commands that follow."""
    read, build = cache(leaderboard.read_for_boards), leaderboard.build_chosen
    built: dict[int, Any] = {}

    def read_once(*asked: Any, **more: Any) -> list[RunRecord]:
        home, metric, scenario, datasets = asked
        return read(home, metric, scenario, tuple(datasets), **more)

    def build_once(records: list[RunRecord], home: Path, metric: str | None) -> Any:
        if id(records) not in built:
            built[id(records)] = records, build(records, home, metric)
        return built[id(records)][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaderboard, "read_for_boards", read_once)
        patch.setattr(leaderboard, "build_chosen", build_once)
        yield


def printed(*words: str) -> str:
    page = StringIO()
    with redirect_stdout(page):
        assert cli.main([*words, "--results", str(RESULTS)]) == 0
    return page.getvalue()


def name_row(record: RunRecord) -> str:
    """Return what was typed for a run's method; LoRA's, without a preset, with its steps."""
    typed = record.preset or record.method
    longer = typed == "finetuned_encoder" and record.config["method"]["max_steps"] == STEPS
    return f"{typed} {WITH_STEPS}" if longer else typed


def list_swept(experiment: str) -> set[str]:
    """Return the methods and presets that an experiment runs."""
    text = (ROOT / "conf" / "experiment" / f"{experiment}.yaml").read_text(encoding="utf-8")
    return set(OmegaConf.create(text).hydra.sweeper.params.method.split(","))


def list_tuned(dataset: str) -> list[str]:
    """Return the methods whose tuned settings are published for a dataset."""
    presets = {
        path.parent.name: read_preset(path) for path in TUNED.glob(f"grid/{dataset}/*/mean.yaml")
    }
    return sorted(name for name, one in presets.items() if NOT_APPLICABLE not in one["tuning"])


def count_draws(name: Group) -> dict[str, int]:
    """Return how many split seeds each method and preset is published with."""
    dataset, split, track = name
    longer = LONGER.get(dataset, {}) if track == "strict" else {}
    with_steps = {f"{one} {WITH_STEPS}": count for one, count in longer.items()}
    if name in CONTROLS:
        return dict.fromkeys(CONTROLS[name], 5) | with_steps
    if (dataset, split) in OF_PAPERS:
        rows = find_table(OF_PAPERS[dataset, split]).runs[track]
        return {one: 5 for one in rows if split != "grid" or one not in ONLY_THEIRS}
    most = 1 if split in PUBLISHED else 10 if dataset in SMALL else 5
    swept = list_swept("light" if track == "strict" else "open_track") | list_swept("networks")
    draws = dict.fromkeys(swept, most)
    # By itself: it takes longest, and only on the shortest texts less than two minutes.
    draws["finetuned_encoder"] = min(most, 5 if dataset in SMALL else 3)
    if dataset == "hetrec-lastfm":
        draws["finetuned_encoder"] = most
    draws |= dict.fromkeys(RUNGS if dataset in SMALL else (), 5)
    if dataset in WITH_TEXTS and (split, track) == ("grid", "strict"):
        draws |= dict.fromkeys(["untrained_ridge", *list_swept("text_hybrids")], most)
        draws |= {"aligned_factors": 5} | ({} if dataset in SMALL else LARGER)
    draws |= with_steps
    tuned = set(list_tuned(dataset)) - DEFAULT_ALONE
    for method in tuned if (split, track) == ("grid", "strict") else ():
        draws[f"{method} tuned"] = 5 if (dataset, method) in TUNED_SLOWLY else draws[method]
    if dataset == "citeulike-a":
        slow = SLOW[track] | list_swept("networks") - QUICK
        draws |= {one: min(most, 3) for one in slow}
        draws |= dict.fromkeys(OPENED if (split, track) == ("grid", "open") else (), 5)
    return draws


@pytest.mark.parametrize("name", [*CELLS, *CONTROLS], ids="/".join)
def test_the_records_of_a_table_are_whole(
    name: Group, groups: dict[Group, list[RunRecord]]
) -> None:
    """Everything on as many split seeds as the page says, of today's code, from a clean tree."""
    assert set(groups) == {*CELLS, *CONTROLS}
    records, draws = groups[name], count_draws(name)
    seeds: dict[str, set[int]] = {}
    for record in records:
        seeds.setdefault(name_row(record), set()).add(record.seed)
    assert [one for one, count in draws.items() if seeds.get(one) != set(range(count))] == []
    assert len({record.data_sha256 for record in records}) == 1
    splits = {(record.seed, record.split_sha256) for record in records}
    assert len(splits) == max(draws.values())
    for record in records:
        assert record.schema_ == SCHEMA and not record.dirty
        for part in ("method", "dataset", "scenario"):
            of_texts = part == "dataset" and name in CONTROLS
            named = "text_control" if of_texts else getattr(record, part)
            today = getattr(find(f"{part}s", named), "version", 1)
            assert version(record, part) == today, (record.method, part)


def test_the_records_are_light() -> None:
    """What boards read is small; the rest is packed, one table of each kind for a dataset."""
    assert max(path.stat().st_size for path in RECORDS) < 15_000
    assert sum(path.stat().st_size for path in RESULTS.rglob("*") if path.is_file()) < 60_000_000


def test_every_record_vouches_for_itself() -> None:
    """Reading it verifies its own digest, the run id it gives, and its place; details are there."""
    records = [read_verified(path) for path in RECORDS]
    assert len(records) == len(RECORDS)
    assert all(one.findings == [] and one.facts["candidates"] for one in records)


def test_a_network_that_tells_its_chance_level_left_it(
    groups: dict[Group, list[RunRecord]],
) -> None:
    trained = [one for records in groups.values() for one in records if one.training]
    logs = [one.training.get("training", {}) for one in trained]
    told = [log for log in logs if "chance_loss" in log]
    assert len(told) >= 14
    assert [log for log in told if log["kept_loss"] > log["chance_loss"] - 0.2] == []


def test_a_run_without_scores_says_why(groups: dict[Group, list[RunRecord]]) -> None:
    told = {
        (record.method, record.status): record.error
        for records in groups.values()
        for record in records
        if record.status is not Status.OK
    }
    for (method, status), error in told.items():
        reason = "needs" if status is Status.NOT_APPLICABLE else "time_limit"
        others = ("max_items", "give none of them")
        assert error and any(one in error for one in (reason, *others)), (method, error)


def test_there_is_a_page_for_every_dataset(groups: dict[Group, list[RunRecord]]) -> None:
    shown = groups.keys() - CONTROLS
    assert {page.stem for page in PAGES} == {dataset for dataset, _, _ in shown}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_leaderboard_is_drawn_from_the_records(page: Path) -> None:
    drawn = printed("leaderboard", "--dataset", page.stem, "--format", "md")
    assert page.read_text(encoding="utf-8") == drawn


def test_the_tables_are_drawn_from_the_records() -> None:
    page = (RESULTS / "tables.md").read_text(encoding="utf-8")
    assert page == printed("table", "all", "--format", "md")
    assert "not run" not in page


@BOARDS
@pytest.mark.usefixtures("held")
def test_the_best_of_every_family_is_drawn_from_the_records() -> None:
    page = (RESULTS / "families.md").read_text(encoding="utf-8")
    assert page == printed("leaderboard", "--families", "--format", "md")


@BOARDS
@pytest.mark.usefixtures("held")
def test_the_ranks_across_datasets_are_drawn_from_the_records() -> None:
    words = ("leaderboard", "--across", "--dataset", ",".join(WITH_TEXTS), "--format", "md")
    assert (RESULTS / "across.md").read_text(encoding="utf-8") == printed(*words)


@BOARDS
@pytest.mark.usefixtures("held")
def test_what_fine_tuning_adds_is_drawn_from_the_records(tmp_path: Path) -> None:
    words = (
        "leaderboard",
        "--ladder",
        "--scenario",
        "grid",
        "--dataset",
        ",".join(WITH_TEXTS),
        "--format",
        "md",
        "--task",
    )
    tasks = ("new_item/cold/k=0", "new_user/warm/k=10", "warm/warm/k=0")
    plots = ("ladder_new_item.svg", "ladder_new_user.svg")
    drawn = [
        printed(*words, task, "--diagram", str(tmp_path / plot))
        for task, plot in zip(tasks, (*plots, "not_published.svg"), strict=True)
    ]
    opened = [one if one != ",".join(WITH_TEXTS) else "citeulike-a" for one in words]
    drawn += [printed(*opened, task) for task in tasks]
    assert (RESULTS / "ladder.md").read_text(encoding="utf-8") == "".join(drawn)
    for plot in plots:
        assert (RESULTS / plot).read_bytes() == (tmp_path / plot).read_bytes()


@BOARDS
@pytest.mark.usefixtures("held")
def test_the_ladder_with_more_steps_is_drawn_from_the_records() -> None:
    words = ("leaderboard", "--ladder", "--scenario", "grid", "--with", WITH_STEPS, "--dataset",
             ",".join(WITH_TEXTS))  # fmt: skip
    tasks = ("new_item/cold/k=0", "new_user/warm/k=10", "warm/warm/k=0")
    drawn = "".join(printed(*words, "--format", "md", "--task", task) for task in tasks)
    assert (RESULTS / "ladder_longer.md").read_text(encoding="utf-8") == drawn
    shown = [one for one in LONGER if "." not in one]
    assert all(f"grid / {one}: ndcg@10 in {tasks[0]}, {WITH_STEPS}" in drawn for one in shown)


@pytest.mark.parametrize("page", ["README.md", "results/README.md", "docs/ladder.md"])
def test_what_pages_say_that_a_rung_adds_over_datasets_is_in_the_ladder(page: str) -> None:
    said = re.findall(r"[+-]\.\d{3} ±\.\d{3} \(\d\)", (ROOT / page).read_text(encoding="utf-8"))
    drawn = ("ladder.md", "ladder_longer.md")
    ladder = "".join((RESULTS / one).read_text(encoding="utf-8") for one in drawn)
    assert len(said) >= 2 and [one for one in said if one not in ladder] == []


def test_what_a_page_says_of_articles_is_in_the_ladder() -> None:
    """Each row: a rung, and what it has more than the frozen towers in three tasks."""
    text = (ROOT / "docs" / "ladder.md").read_text(encoding="utf-8")
    section = text.partition("## Articles by their tags")[2].partition("\n## ")[0]
    (_, *asked), _, *said = read_table(section)
    tasks = {
        "new items": "new_item/cold/k=0",
        "new users, 10 interactions": "new_user/warm/k=10",
        "warm users and items": "warm/warm/k=0",
    }
    pages = (RESULTS / "ladder.md").read_text(encoding="utf-8").split("### ")
    drawn: dict[str, list[str]] = {}
    for one in asked:
        (page,) = (page for page in pages if page.startswith(
            f"grid / citeulike-a track=open: ndcg@10 in {tasks[one]}"))  # fmt: skip
        for row in read_table(page)[2:]:
            drawn.setdefault(row[0].split(" ")[0], []).append(row[3])
    assert len(said) >= 4 and asked == list(tasks)
    assert {rung.split("`")[1]: cells for rung, *cells in said}.items() <= drawn.items()


def read_table(text: str, around: str = " ") -> list[list[str]]:
    """Return the cells of the lines of Markdown tables, without what stands around them."""
    lines = [line.split("|")[1:-1] for line in text.splitlines() if line[:1] == "|"]
    return [[cell.strip(around) for cell in line] for line in lines]


def test_what_a_page_says_of_texts_next_to_interactions_is_in_the_records(
    groups: dict[Group, list[RunRecord]],
) -> None:
    """Each row of the table: what is asked, the method, and its mean on every dataset."""
    text = (ROOT / "docs" / "aligned-factors.md").read_text(encoding="utf-8")
    cells = read_table(text.partition("## Results")[2].partition("\n## ")[0], " `*")
    means, differences = ([row for row in cells if len(row) == n] for n in (8, 7))
    (_, _, *datasets), _, *rows = means
    assert sorted(datasets) == sorted(WITH_TEXTS) and len(rows) == 30
    values = {
        (name_row(one), one.dataset, one.seed): one.scores
        for dataset in datasets
        for one in groups[dataset, "grid", "strict"]
        if one.scores
    }

    def by_seed(method: str, dataset: str) -> dict[int, float]:
        return {
            seed: scores[task]["ndcg@10"].mean
            for (name, where, seed), scores in values.items()
            if (name, where) == (method, dataset)
        }

    def read_task(asked: str) -> str:
        return re.sub(r".*\((.*)\)", r"\1", asked).strip("`")

    task = ""
    for asked, method, *said in rows:
        task = read_task(asked) or task
        drawn = [fmean(by_seed(method, one).values()) for one in datasets]
        assert said == [f"{one:.3f}".lstrip("0") for one in drawn], (task, method)
    (_, *again), _, *rows = differences
    assert again == datasets and len(rows) == 3
    for asked, *said in rows:
        task = read_task(asked)
        ours, theirs = (
            [by_seed(name, one) for one in datasets]
            for name in ("ease_text_prior", "finetuned_encoder")
        )
        drawn = [
            fmean(one[seed] - other[seed] for seed in one.keys() & other.keys())
            for one, other in zip(ours, theirs, strict=True)
        ]
        assert said == [f"{one:+.3f}".replace("0.", ".", 1) for one in drawn], task


def test_what_a_page_says_of_controls_is_in_the_records(
    groups: dict[Group, list[RunRecord]],
) -> None:
    """Each row: a method, a dataset, its mean on new items, and what it has more than controls."""
    text = (ROOT / "docs" / "ladder.md").read_text(encoding="utf-8")
    cells = read_table(text.partition("## Controls")[2].partition("\n## ")[0], " `")
    _, _, *rows = [row for row in cells if len(row) == 7]
    assert len(rows) == 16
    untrained = {"text_ridge_vectors": "untrained_ridge", "frozen_towers": "untrained_towers"}

    def by_seed(method: str | None, dataset: str) -> dict[int, float]:
        return {
            one.seed: one.scores["new_item/cold/k=0"]["ndcg@10"].mean
            for one in groups.get((dataset, "grid", "strict"), ())
            if name_row(one) == method
        }

    method = ""
    for named, dataset, mean, *said in rows:
        method = named or method
        own = by_seed(method, dataset)
        others = [
            by_seed(untrained.get(method), dataset),
            *(by_seed(method, f"{dataset}.{one}") for one in TEXTS),
        ]
        drawn = [
            f"{fmean(own[seed] - value for seed, value in one.items()):+.3f}" if one else ""
            for one in others
        ]
        assert mean == f"{fmean(own.values()):.3f}".lstrip("0"), (method, dataset)
        assert said == [one.replace("0.", ".", 1) for one in drawn], (method, dataset)


@BOARDS
@pytest.mark.usefixtures("held")
def test_what_tuning_changes_is_drawn_from_the_records() -> None:
    words = ("leaderboard", "--tuned", "--dataset", ",".join(SMALL), "--format", "md", "--task")
    drawn = [printed(*words, task) for task in ("new_item/cold/k=0", "new_user/warm/k=10")]
    assert (RESULTS / "tuned.md").read_text(encoding="utf-8") == "\n".join([*drawn, ""])


@pytest.mark.parametrize("dataset", SMALL)
def test_every_method_was_tuned_under_one_budget(
    dataset: str, groups: dict[Group, list[RunRecord]]
) -> None:
    """All that have a search range and can answer something of the dataset."""
    assert {path.name for path in (TUNED / "grid").iterdir()} == set(SMALL)
    records = groups[dataset, "grid", "strict"]
    refused = [one for one in records if one.status is Status.NOT_APPLICABLE]
    unfit = {one.method for one in refused if not one.preset}  # a preset may ask for more
    searched = {path.parent.name for path in TUNED.glob(f"grid/{dataset}/*/mean.yaml")}
    assert searched == list_swept("tuned")
    assert list_tuned(dataset) == sorted(searched - unfit)
    for method in list_tuned(dataset):
        folder = TUNED / "grid" / dataset / method
        search = read_preset(folder / "mean.yaml")["tuning"]
        trials = (folder / "mean.csv").read_text(encoding="utf-8").splitlines()[1:]
        assert search["trials"] == len(trials) <= 30, method
        assert (search["minutes"], search["group"], search["seeds"]) == (6, "mean", [0]), method
        made = [one for one in records if one.method == method and one.tuning]
        assert all(one.tuning == search for one in made), method
        finished = [line.split(",")[0] for line in trials if line.split(",")[1] == "complete"]
        assert made if method not in DEFAULT_ALONE else finished == ["0"], method


def test_the_report_is_drawn_from_the_records(tmp_path: Path) -> None:
    drawn = tmp_path / "report.html"
    printed("report", "--curves", "1", "--out", str(drawn))
    page, again = (path.read_text(encoding="utf-8") for path in (RESULTS / "report.html", drawn))
    # Another zlib may pack the same content into other bytes.
    assert unpack_data(page) == unpack_data(again)
    frames = [re.sub(r'(?<= id="data">)[^<]*', "", one) for one in (page, again)]
    assert frames[0] == frames[1]


@pytest.mark.parametrize("page", ["README.md", "results/README.md"])
def test_a_page_for_readers_shows_the_same_figures(page: str) -> None:
    drawn = (RESULTS / "families.md").read_text(encoding="utf-8")
    drawn += (RESULTS / "tables.md").read_text(encoding="utf-8")
    shown = re.findall(
        r"^\| .*0\.\d{4}.*$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(shown) >= 14
    assert [row for row in shown if row not in drawn] == []


def test_the_papers_table_of_the_readme_is_the_published_one() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    drawn = (RESULTS / "tables.md").read_text(encoding="utf-8")
    journey = readme.partition("## Journey 2")[2].partition("## Journey 3")[0]
    rows = [re.findall(r"\b0\.\d{4}\b", line) for line in journey.splitlines()]
    rows = [cells for cells in rows if cells]
    assert len(rows) >= 3 and all(len(cells) == 6 for cells in rows)
    assert [cells for cells in rows if f"| {' | '.join(cells)} |" not in drawn] == []
    drawn = drawn.replace("\\*", "*")
    verdicts = re.findall(r"[+-]\.\d{3} \([^)]*\)\*?", journey)
    assert len(verdicts) >= 2 and all(one in drawn for one in verdicts)


@pytest.mark.slow
def test_the_comparison_with_another_suite_is_drawn_from_the_records(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = RESULTS / "rivals" / "coldrec.csv"
    arms = RESULTS / "rivals" / "arms.csv"
    asked = ["--table", str(table), "--arms", str(arms), "--results", str(RESULTS)]
    assert compare_rivals(asked) == 0
    drawn = capsys.readouterr().out
    page = (ROOT / "docs" / "rivals.md").read_text(encoding="utf-8")
    assert f"<!-- rivals -->\n{drawn}<!-- end rivals -->" in page
    assert "theirs is better" not in drawn


def where(name: str) -> Path:
    folder = SHARED / FOLDERS.get(name, name)
    if not folder.is_dir():
        pytest.skip(f"{folder} is not on this machine; set COLDBENCH_TEST_DATA to its parent")
    return folder


def words(name: Group) -> Iterator[str]:
    dataset, split, track = name
    yield f"dataset={dataset}"
    yield f"scenario.track={track}"
    if dataset != "movietweetings":
        yield f"dataset.path={where(dataset)}"
    if dataset == "lastfm-mkr":
        yield f"dataset.hetrec_path={where('hetrec-lastfm')}"
    if split in ("aldi", "heater"):
        yield f"scenario={'new_item_gar' if split == 'aldi' else 'new_item'}"
        yield "scenario.strategy=published"
        yield f"scenario.format={split}"
        yield f"scenario.files={where(split)}"
    else:
        yield f"scenario={split}"


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS, ids="/".join)
def test_a_cell_of_every_table_is_made_again_to_the_last_digit(
    name: Group, groups: dict[Group, list[RunRecord]], tmp_path: Path
) -> None:
    method, seed = CELLS[name]
    asked = [f"method={method}", f"seed={seed}", f"results={tmp_path}", *words(name)]
    of_the_name = [one for one in groups[name] if one.method == method and not one.preset]
    (light,) = [one for one in of_the_name if one.seed == seed]
    published = read_verified(record_path(RESULTS, light))
    made = execute(compose_run(asked)).record
    assert made.status is Status.OK, made.error
    assert made.code == published.code
    assert made.data_sha256 == published.data_sha256
    assert made.split_sha256 == published.split_sha256
    differs = "raise the declared version of what changed: method, dataset or scenario"
    assert made.scores == published.scores, differs
    assert made.slices == published.slices, differs
    assert made.run_id == published.run_id, "the same command would not find the record"


def version(record: RunRecord, part: str) -> int:
    """Return the declared version of the code of a part of a run."""
    return int(record.code[part].version)
