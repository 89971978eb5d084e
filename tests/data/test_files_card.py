"""``coldbench data info files ...``: what was found in the files, and what was left aside."""

from pathlib import Path

import polars as pl
import pytest
from coldbench.benchmarks.cli.data import main
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.sources.own_files.import_report import Found
from coldbench.datasets.sources.own_files.source import Files

INTERACTIONS = """userId;placeID;rating;when;device
1.0;t1;5;2001-01-01;x
1.0;t2;4;2001-01-02;x
1.0;t2;3;2001-01-03;x
2.0;t1;4;;x
2.0;t2;4;2001-01-03;x
3.0;t9;4;2001-01-03;x
"""


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    (tmp_path / "i.csv").write_text(INTERACTIONS)
    pl.DataFrame(
        {
            "placeID": ["t1", "t8", "t9"],
            "genre": ["Drama|War", "X", "Y"],
            "price": [3, 1, 2],
            "title": ["The First", "A", "B"],
            "picture": [[0.5, 1.0], [1.0, 1.0], [1.0, 1.0]],
        }
    ).write_parquet(tmp_path / "items.parquet")
    (tmp_path / "g.csv").write_text("head,relation,tail\nt1,by,Kay\nt9,by,Kay\n")
    return [
        f"dataset.interactions={tmp_path / 'i.csv'}",
        f"dataset.items={tmp_path / 'items.parquet'}",
        f"dataset.graph={tmp_path / 'g.csv'}",
        "dataset.columns={item: placeID, timestamp: when}",
        "dataset.texts=[title]",
        "dataset.name=places",
        "dataset.k_core=2",
    ]


def test_the_card_tells_roles_kinds_counts_and_what_was_dropped(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", "files", *words]) == 0
    said = capsys.readouterr().out
    rows = [line.split() for line in said.splitlines()]
    for row in (
        "interactions userId user id 3 different",
        "interactions placeID item id 3 different",
        "interactions rating rating 3 to 5",
        "interactions when time ISO dates; 2001-01-01 to 2001-01-03, 1 missing",
        "interactions device not used",
        "items placeID item id 3 different",
        "items genre category 2 values",
        "items price number 1 known",
        "items title text 1 filled, as dataset.texts says",
        "items picture vector 2 numbers; 1 filled",
        "item picture vector 2 intrinsic",
        "interactions: CSV (utf-8, semicolons)",
        "items: Parquet",
        "- 1 rows are of a pair that comes again: the latest row stays",
        "- 1 pairs are outside the 2-core of the positives",
        "- 1 users are outside the 2-core of the positives",
        "- 1 items are outside the 2-core of the positives",
        "- 2 items of the table of items have no kept interaction",
        "- 1 kept items have no row: nothing is known of them",
        "- 1 triples are of items that the rule dropped",
    ):
        assert row.split() in rows, row
    assert "(places)" in said and "2 users x 2 items, 4 pairs" in said


def test_the_rule_that_made_a_text_is_told(tmp_path: Path) -> None:
    rows = "".join(f"u,{at}\n" for at in range(20))
    (tmp_path / "i.csv").write_text("user,item\n" + rows)
    titles = "".join(f"{at},The Return of {at}\n" for at in range(20))
    (tmp_path / "items.csv").write_text("item,title\n" + titles)
    _, report = Files(
        interactions=str(tmp_path / "i.csv"), items=str(tmp_path / "items.csv")
    ).load_with_report()
    told = "20 filled; 100 % differ, 4.0 words each, so a text"
    assert report.columns[-1] == Found("items", "title", "text", told)
    assert report.dropped == []


def test_the_report_is_of_the_dataset_that_is_loaded(words: list[str]) -> None:
    from coldbench.benchmarks.config.run_config import compose_run

    source = compose_run(["method=random", "dataset=files", *words]).dataset
    data, _ = source.load_with_report()
    assert data.sha256 == source.load().sha256 and data.name == "places"


def test_words_set_any_dataset(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "movietweetings", "dataset.k_core=10"]) == 0
    said = capsys.readouterr().out
    assert "10-core of the positives" in said and "2,059 users x 1,099 items" in said
    with pytest.raises(ColdbenchError, match=r"no field dataset\.kcore; did you mean"):
        main(["info", "movietweetings", "dataset.kcore=10"])


def test_files_that_cannot_be_read_end_with_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", "files", f"dataset.interactions={tmp_path / 'absent.csv'}"]) == 1
    assert "there is no such file" in capsys.readouterr().out
